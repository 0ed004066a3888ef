// Orders by state: a column for each, the newest cards first.
function card(one, go) {
  return h("li", { class: one.late ? "card late" : "card" },
    h("div", { class: "top" }, h("span", { class: "code" }, one.code), one.urgency && h("span", { class: "tag urgent" }, one.urgency)),
    h("div", { class: "name" }, link(one.link, go)),
    h("div", { class: "note" }, [one.river, one.lead].filter(Boolean).join(" · ")),
    one.due && h("div", { class: one.late ? "due late" : "due" }, one.late ? "⚠ " : "", one.due),
    one.marks.map((mark) => h("span", { class: "tag" }, mark)));
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".rc");
  const left = root.querySelector(".columns")?.scrollLeft ?? 0;
  // Where the columns do not fit beside each other, a line above names all of them and leads to each.
  const show = (state) => {
    const columns = root.querySelector(".columns");
    const column = columns.querySelector(`[data-state="${state}"]`);
    if (getComputedStyle(columns).flexDirection === "column") column.scrollIntoView({ block: "start" });
    else columns.scrollTo({ left: column.offsetLeft - columns.offsetLeft });
  };
  const jumps = () => h("div", { class: "jumps" }, h("p", { class: "note" }, "↔ ", data.hint),
    data.columns.map((one) => h("button", { type: "button", "data-focus": `jump-${one.state}`, "data-state": one.state, onclick: () => show(one.state) },
      one.title, " ", h("span", { class: "count" }, one.count))));
  redraw(root, data, () => [jumps(), h("div", { class: "columns", tabindex: "0", role: "region", "aria-label": data.title },
    data.columns.map((one) => h("section", { class: "column", "data-state": one.state, "data-empty": !one.count, "aria-label": one.title },
      h("div", { class: "head" }, h("b", {}, one.title), h("span", { class: "count" }, one.count), one.late && h("span", { class: "over" }, one.late)),
      one.cards.length
        ? h("ol", {}, one.cards.map((each) => card(each, (value) => setTriggerValue("picked", value))))
        : h("p", { class: "note" }, one.none),
      one.more && h("p", { class: "note" }, one.more))))]);
  const columns = root.querySelector(".columns");
  if (columns) columns.scrollLeft = left;
}
