function row(one, data, pick) {
  const bad = (cls) => cls === "V" || cls === "INFERIOR_V";
  return h("tr", { class: one.river === data.selected ? "selected" : "", "data-river": one.river, onclick: () => pick(one.river) },
    h("th", { scope: "row" }, h("button", {
      type: "button", "data-focus": "row:" + one.river, "aria-pressed": String(one.river === data.selected),
      onclick: (event) => { event.stopPropagation(); pick(one.river); },
    }, one.name)),
    h("td", {}, chip(one.mark, one.cls, one.stale), one.marks.map((mark) => h("span", { class: "tag" }, mark))),
    h("td", { class: one.missed ? "bad" : "" }, one.target),
    h("td", { class: "why" }, one.why), h("td", {}, one.since),
    h("td", {}, one.trend ? h("span", { class: `trend ${one.trend.to}` }, one.trend.text) : one.previous),
    one.values.map((value) => h("td", { class: `number${bad(value.cls) ? " bad" : ""}` },
      h("span", { class: "pip", "data-cls": value.cls ?? "none" }), value.text)),
    h("td", { class: "number" }, one.hours), h("td", { class: "number" }, one.sections),
    h("td", {}, h("span", { class: one.stale ? "age old" : "age" }, one.age)));
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const pick = (river) => { setTriggerValue("picked", river); tellPicked(); };
  const root = parentElement.querySelector(".rc");
  const left = root.querySelector(".scroll")?.scrollLeft ?? 0;
  redraw(root, data, () => [
    h("div", { class: "caption" }, h("b", {}, data.caption), h("span", { class: "note" }, data.note)),
    h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": data.caption }, h("table", {},
      h("thead", {}, h("tr", {}, data.head.map((one) =>
        h("th", { scope: "col", class: one.number ? "number" : "" }, one.text, one.unit && h("small", {}, one.unit))))),
      h("tbody", {}, data.rows.map((one) => row(one, data, pick))))),
  ]);
  const scroll = root.querySelector(".scroll");
  if (scroll) scroll.scrollLeft = left;
}
