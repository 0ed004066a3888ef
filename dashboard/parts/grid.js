// A table of lines: classes as chips, values with a pip of their own class, links to records.
function cell(one, index, head, go, stack) {
  const props = { role: index === 0 ? "rowheader" : "cell", "data-head": stack && index ? head[index].text : undefined, class: [head[index]?.number && "number", one.tone, one.wide && "wide"].filter(Boolean).join(" ") };
  const body = [
    one.chip ? chip(one.text, one.cls, one.old) : one.cls !== undefined && one.cls !== null
      ? [h("span", { class: "pip", "data-cls": one.cls }), one.text] : one.link ? link(one.link, go) : one.text,
    one.tags?.map((tag) => h("span", { class: "tag" }, tag)),
    one.note && h("small", {}, one.note),
    one.links?.length ? [" ", links(one.links, go)] : null,
  ];
  if (one.title) props.title = one.title;
  if (stack && !one.link && !one.note && (one.text === "" || one.text === "—")) props["data-blank"] = true;
  return index === 0 ? h("th", { ...props, scope: "row" }, body) : h("td", props, stack ? h("div", {}, body) : body);
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const go = (where) => setTriggerValue("picked", where);
  const root = parentElement.querySelector(".rc");
  const left = root.querySelector(".scroll")?.scrollLeft ?? 0;
  redraw(root, data, () => [
    data.caption && h("div", { class: "caption" }, h(data.level === 2 ? "h2" : "h3", {}, data.caption), data.note && h("span", { class: "note" }, data.note)),
    data.rows.length ? h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": data.caption || data.label }, h("table", { role: "table", class: data.stack && "stack" },
      h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, data.head.map((one) =>
        h("th", { scope: "col", role: "columnheader", class: one.number ? "number" : "", title: one.title }, one.text, one.unit && h("small", {}, one.unit))))),
      h("tbody", { role: "rowgroup" }, data.rows.map((row) => h("tr", { role: "row", "data-row": row.key }, row.cells.map((one, index) => cell(one, index, data.head, go, data.stack)))))))
      : h("p", { class: "dim" }, data.empty),
  ]);
  const scroll = root.querySelector(".scroll");
  if (scroll) scroll.scrollLeft = left;
}
