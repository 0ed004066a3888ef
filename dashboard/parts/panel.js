const listening = new WeakMap();

// On a phone the panel lies far below the map: a pick that changed something out of sight looks like no answer.
function comeIntoView(root) {
  const { top, bottom } = (root.querySelector(".head") ?? root).getBoundingClientRect();
  if (top >= 0 && bottom <= window.innerHeight) return;
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  root.scrollIntoView({ behavior: calm ? "auto" : "smooth", block: "start" });
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const go = (where) => setTriggerValue("picked", where);
  const root = parentElement.querySelector(".rc");
  redraw(root, data, () => [
    h("div", { class: "head" }, h("h2", {}, data.name), chip(data.mark, data.cls, data.stale),
      data.trend && h("span", { class: `trend ${data.trend.to}` }, data.trend.text),
      data.verdict.text && h("span", { class: `verdict ${data.verdict.tone}` }, data.verdict.text)),
    h("dl", { class: "facts" }, data.facts.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value)))),
    data.remarks.map((text) => h("p", { class: "remarks" }, text)),
    h("ul", { class: "sites" }, data.stations.map((one) =>
      h("li", { class: `${one.status}${one.worse ? " worse" : ""}` },
        chip(one.mark, one.cls, one.status === "silent"), h("b", {}, one.link ? link(one.link, go) : one.name), h("span", { class: "dim" }, one.text)))),
    data.around?.links.length && h("p", { class: "around" }, h("span", { class: "dim" }, data.around.label), " ", links(data.around.links, go)),
    data.more?.length && h("p", { class: "around" }, links(data.more, go)),
  ]);
  if (!listening.has(root)) {
    const come = () => comeIntoView(root);
    listening.set(root, come);
    window.addEventListener(PICKED, come);
  }
  return () => { window.removeEventListener(PICKED, listening.get(root)); listening.delete(root); };
}
