// Days as cells: a class with its letter, or a count of hours with a shade; a word stands in every cell.
function cellOf(one) {
  if (!one) return h("td", { class: "none" });
  const props = { class: one.marks ? `day ${one.marks}` : "day", title: one.title };
  if (one.level !== undefined) props["data-level"] = one.level; else props["data-cls"] = one.cls ?? "none";
  return h("td", props, one.text, one.title && h("span", { class: "aloud" }, one.title));
}

export default function (component) {
  const { data, parentElement } = component;
  const root = parentElement.querySelector(".rc");
  // What is newest is at the right: there a narrow page begins.
  const left = root.querySelector(".scroll")?.scrollLeft ?? (data.newest ? 1e6 : 0);
  redraw(root, data, () => [
    h("div", { class: "caption" }, h("h3", {}, data.caption), data.note && h("span", { class: "note" }, data.note)),
    data.rows.length ? h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": data.caption }, h("table", {},
      h("thead", {}, h("tr", {}, h("th", { scope: "col", class: "corner" }, data.corner),
        data.head.map((text) => h("th", { scope: "col" }, text)),
        (data.tails ?? []).map((text) => h("th", { scope: "col", class: "tail" }, text)))),
      h("tbody", {}, data.rows.map((row) => h("tr", {}, h("th", { scope: "row" }, row.label),
        row.cells.map(cellOf),
        (row.tails ?? []).map((one) => h("td", { class: "tail" }, one.chip ? chip(one.text, one.cls) : one.text)))))))
      : h("p", { class: "dim" }, data.empty),
    data.legend && h("div", { class: "legend" }, data.legend.map((one) => h("span", { class: "key" },
      h("span", { class: one.marks ? `swatch ${one.marks}` : "swatch", "data-cls": one.cls, "data-level": one.level, "aria-hidden": "true" }, one.sample ?? ""), one.text))),
  ]);
  const scroll = root.querySelector(".scroll");
  if (scroll) scroll.scrollLeft = left;
}
