// A list whose lines open something: links, so that they can be copied, kept and reached by keyboard.
const plainClick = (event) => event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;

const LONG = 160;

// What is very long is folded: one line of it would push all others off the screen.
const folded = (text) => text.length <= LONG ? text
  : h("details", {}, h("summary", {}, text.slice(0, 60), "…"), text);

function value(cell) {
  const text = cell.cls === undefined ? folded(cell.text) : chip(cell.text, cell.cls, false);
  return cell.bar === undefined ? text : [h("span", { class: "bar", "aria-hidden": "true" },
    h("span", { style: `inline-size:${Math.round(100 * cell.bar)}%` })), text];
}

// As a card each cell stands on a line of its own: what it is is told beside it, and the roles keep it a table.
function line(one, data, pick) {
  const open = (event) => { if (!plainClick(event)) return; event.preventDefault(); event.stopPropagation(); pick(one.go); };
  const [first, ...others] = one.cells;
  const name = one.href === "" ? value(first) : h("a", {
    href: one.href, "data-focus": "line:" + one.go, onclick: open, "aria-current": one.selected ? "true" : undefined,
  }, value(first));
  return h("tr", { role: "row", class: [one.selected ? "selected" : "", one.href === "" ? "still" : ""].join(" "),
    onclick: one.href === "" ? undefined : (event) => { if (plainClick(event)) pick(one.go); } },
    h("th", { scope: "row", role: "rowheader" }, name),
    others.map((cell, index) => h("td", {
      role: "cell", "data-head": data.stack ? data.head[index + 1].text : undefined, "data-blank": cell.text === "" || cell.text === "—",
      class: [data.head[index + 1].number ? "number" : "", cell.tone ?? "", cell.text.length > 24 ? "long" : ""].join(" "),
    }, data.stack ? h("div", {}, value(cell)) : value(cell))));
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const pick = (id) => setTriggerValue("picked", id);
  const root = parentElement.querySelector(".rc");
  const left = root.querySelector(".scroll")?.scrollLeft ?? 0;
  redraw(root, data, () => [
    (data.caption || data.note) && h("div", { class: "caption" }, h("b", {}, data.caption), h("span", { class: "note" }, data.note)),
    data.rows.length === 0 ? h("p", { class: "note" }, data.empty)
      : h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": data.caption || data.label }, h("table", { role: "table", class: data.stack && "stack" },
        h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, data.head.map((one) => h("th", { scope: "col", role: "columnheader", class: one.number ? "number" : "" }, one.text)))),
        h("tbody", { role: "rowgroup" }, data.rows.map((one) => line(one, data, pick))))),
  ]);
  const scroll = root.querySelector(".scroll");
  if (scroll) scroll.scrollLeft = left;
}
