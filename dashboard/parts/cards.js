// Cards with lines and facts; every line can lead to the records that it was made from.
function line(one, go) {
  return h("li", { class: one.tone ? `line ${one.tone}` : "line" },
    one.mark && chip(one.mark, one.cls), " ",
    h("span", { class: "said" }, one.link ? link(one.link, go) : one.text,
      one.trend && [" ", h("span", { class: `trend ${one.trend.to}` }, one.trend.text)],
      one.note && [" ", h("span", { class: "note" }, one.note)],
      one.links?.length ? [" ", h("span", { class: "records" }, links(one.links, go))] : null,
      one.meter && meter(one.meter)));
}

function meter(one) {
  return h("span", { class: "meter", role: "img", "aria-label": one.text },
    h("span", { class: one.tone ?? "", style: `width: ${(100 * Math.min(Math.max(one.share, 0), 1)).toFixed(1)}%` }));
}

function fact(one, go) {
  return h("div", {}, h("dt", {}, one.label), h("dd", {}, one.link ? link(one.link, go) : one.value,
    one.note && [" ", h("span", { class: "note" }, one.note)]));
}

function card(one, go) {
  return h("section", { class: one.tone ? `card ${one.tone}` : "card", "data-card": one.key },
    h(one.level === 2 ? "h2" : "h3", {}, one.title,
      one.count !== undefined && [" ", h("span", { class: "count" }, one.count)],
      one.note && [" ", h("span", { class: "note" }, one.note)]),
    one.facts?.length ? h("dl", { class: "facts" }, one.facts.map((each) => fact(each, go))) : null,
    one.lines?.length ? h("ul", {}, one.lines.map((each) => line(each, go))) : null,
    !one.lines?.length && !one.facts?.length && one.empty && h("p", { class: "dim" }, one.empty),
    one.more && h("p", { class: "more" }, links(one.more, go)));
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const go = (where) => setTriggerValue("picked", where);
  redraw(parentElement.querySelector(".rc"), data, () => h("div", { class: `cards ${data.look ?? ""}`, role: "group", "aria-label": data.label },
    data.cards.map((one) => card(one, go))));
}
