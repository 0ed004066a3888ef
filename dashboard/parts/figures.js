function alarm(one) {
  return h("div", { class: "alarm", "data-cls": one.cls },
    h("div", { class: "what" }, h("span", { class: "count" }, one.count), h("span", {}, one.label),
      one.change && h("span", { class: "note" }, one.change)),
    h("div", { class: "who" }, one.names));
}

function stat(one) {
  return h("div", { class: "stat", "data-stat": one.key },
    h("div", { class: "label" }, one.label),
    h("div", { class: "value" }, one.value, one.of && h("small", {}, one.of)),
    h("div", { class: one.warn ? "note warn" : "note" }, one.note));
}

function spread(bar, old) {
  const shown = bar.parts.filter((part) => part.count > 0);
  return h("div", { class: "spread", role: "img", "aria-label": bar.aria },
    h("div", { class: "title" }, h("b", {}, bar.when), h("span", {}, bar.title), h("span", { class: "note" }, bar.note)),
    h("div", { class: "bar", "aria-hidden": "true" }, shown.map((part) =>
      h("span", { class: old ? "chip old" : "chip", "data-cls": part.cls, style: `flex: ${part.count} 1 0` }, part.count))),
    h("div", { class: "keys", "aria-hidden": "true" }, shown.map((part) =>
      h("span", { style: `flex: ${part.count} 1 0` }, part.mark))));
}

export default function (component) {
  const { data, parentElement } = component;
  redraw(parentElement.querySelector(".rc"), data, () => [
    data.alert && h("div", { class: "cut-off", role: "alert" }, data.alert),
    h("section", { class: data.alert ? "figures old" : "figures", "aria-label": data.title },
      h("div", { class: "alarms" }, data.alarms.map(alarm)), spread(data.bar, data.alert),
      h("div", { class: "stats" }, data.stats.map(stat))),
  ]);
}
