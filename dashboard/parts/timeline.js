// The course of an order: every step, the newest first.
export default function (component) {
  const { data, parentElement } = component;
  redraw(parentElement.querySelector(".rc"), data, () => h("ol", { class: "steps", "aria-label": data.title, reversed: true },
    data.steps.map((one) => h("li", { class: `step ${one.kind}`, "data-state": one.state },
      h("div", { class: "line" }, h("b", {}, one.what), one.to && h("span", { class: "to" }, "→ ", one.to),
        h("span", { class: "when" }, one.when)),
      h("div", { class: "note" }, `${one.number}. `, [one.who, one.as].filter(Boolean).join(" · "),
        one.answers && ` · ${one.answers}`, one.open && h("b", { class: "open" }, ` · ${one.open}`)),
      one.text && h("p", { class: "text" }, one.text),
      one.files.length > 0 && h("div", { class: "note" }, "+ ", one.files.join(", "))))));
}
