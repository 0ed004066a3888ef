// Events in a list: what, where, since when, from where, and what became of it.
const KIND = { discharge: "●", overflow: "≈", operation: "◧", fault: "✕", unknown: "?" };

function event(one, go) {
  return h("li", { class: `event ${one.kind}`, "data-standing": one.standing },
    h("span", { class: "sign", "aria-hidden": "true" }, KIND[one.kind] ?? "?"),
    h("div", { class: "main" },
      h("div", { class: "name" }, link(one.link, go), one.illustrative && h("span", { class: "tag" }, one.illustrative)),
      h("div", {}, one.what),
      h("div", { class: "note" }, one.when, " · ", one.where)),
    h("div", { class: "from" }, one.source),
    h("div", { class: "state" }, h("span", { class: "standing" }, one.state),
      one.order && h("div", { class: "note" }, link(one.order, go), " ", one.order_state)));
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const go = (value) => setTriggerValue("picked", value);
  redraw(parentElement.querySelector(".rc"), data, () => [
    h("ol", { class: "events", "aria-label": data.title }, data.rows.map((one) => event(one, go))),
    data.more && h("p", { class: "note" }, data.more)]);
}
