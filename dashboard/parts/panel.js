export default function (component) {
  const { data, parentElement } = component;
  redraw(parentElement.querySelector(".rc"), data, () => [
    h("div", { class: "head" }, h("h2", {}, data.name), chip(data.mark, data.cls, data.stale),
      data.trend && h("span", { class: `trend ${data.trend.to}` }, data.trend.text),
      data.verdict.text && h("span", { class: `verdict ${data.verdict.tone}` }, data.verdict.text)),
    h("dl", { class: "facts" }, data.facts.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value)))),
    data.remarks.map((text) => h("p", { class: "remarks" }, text)),
    h("ul", { class: "sites" }, data.stations.map((one) =>
      h("li", { class: `${one.status}${one.worse ? " worse" : ""}` },
        chip(one.mark, one.cls, one.status === "silent"), h("b", {}, one.name), h("span", { class: "dim" }, one.text)))),
  ]);
}
