// A list whose lines open something: links, so that they can be copied, kept and reached by keyboard.
const plainClick = (event) => event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;

function value(cell) {
  const text = cell.cls === undefined ? cell.text : chip(cell.text, cell.cls, false);
  return cell.bar === undefined ? text : [h("span", { class: "bar", "aria-hidden": "true" },
    h("span", { style: `inline-size:${Math.round(100 * cell.bar)}%` })), text];
}

function line(one, data, pick) {
  const open = (event) => { if (!plainClick(event)) return; event.preventDefault(); event.stopPropagation(); pick(one.go); };
  const [first, ...others] = one.cells;
  const name = one.href === "" ? value(first) : h("a", {
    href: one.href, "data-focus": "line:" + one.go, onclick: open, "aria-current": one.selected ? "true" : undefined,
  }, value(first));
  return h("tr", { class: [one.selected ? "selected" : "", one.href === "" ? "still" : ""].join(" "),
    onclick: one.href === "" ? undefined : (event) => { if (plainClick(event)) pick(one.go); } },
    h("th", { scope: "row" }, name),
    others.map((cell, index) => h("td", {
      class: [data.head[index + 1].number ? "number" : "", cell.tone ?? "", cell.text.length > 24 ? "long" : ""].join(" "),
    }, value(cell))));
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const pick = (id) => setTriggerValue("picked", id);
  const root = parentElement.querySelector(".rc");
  const left = root.querySelector(".scroll")?.scrollLeft ?? 0;
  redraw(root, data, () => [
    (data.caption || data.note) && h("div", { class: "caption" }, h("b", {}, data.caption), h("span", { class: "note" }, data.note)),
    data.rows.length === 0 ? h("p", { class: "note" }, data.empty)
      : h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": data.caption || data.label }, h("table", {},
        h("thead", {}, h("tr", {}, data.head.map((one) => h("th", { scope: "col", class: one.number ? "number" : "" }, one.text)))),
        h("tbody", {}, data.rows.map((one) => line(one, data, pick))))),
  ]);
  const scroll = root.querySelector(".scroll");
  if (scroll) scroll.scrollLeft = left;
}
