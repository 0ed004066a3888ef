// Class and trend of every river, with the map; nothing on it can be picked.
function riverRows(data) {
  const w = data.words;
  return h("table", { class: "all" }, h("caption", {}, w.list),
    h("thead", {}, h("tr", {}, [w.cls, w.river, w.trend].map((text) => h("th", { scope: "col" }, text)))),
    h("tbody", {}, data.rivers.map((one) => h("tr", { "data-river": one.id },
      h("td", {}, chip(one.state, one.cls, one.stale)),
      h("th", { scope: "row" }, one.name, one.stale && h("span", { class: "note" }, " ◷ " + w.old)),
      h("td", {}, h("span", { class: `trend ${one.trend.to}` },
        one.trend.to && h("span", { "aria-hidden": "true" }, one.trend.to === "worse" ? "↓ " : "↑ "), one.trend.text))))));
}

function meanings(data) {
  return h("section", { class: "means" }, h("h2", {}, data.words.classes),
    h("ul", {}, data.classes.map((one) => h("li", {}, chip(one.mark, one.cls),
      h("b", {}, one.word), h("span", {}, one.text)))),
    h("p", { class: "note" }, data.clause));
}

function draw(root, state) {
  const { data, svg, box } = state, width = Math.round(box.clientWidth);
  if (!width || !data) return;
  const wanted = width * (data.ground.height_m + 200) / data.ground.width_m;
  const height = Math.round(Math.min(wanted, Math.max(window.innerHeight * 0.72, 420)));
  const text = JSON.stringify([data, width, height]);
  if (text === state.drawn) return;
  state.drawn = text;
  root.lang = data.lang;
  document.documentElement.lang = data.lang === "zh" ? "zh-CN" : "en";
  svg.setAttribute("aria-label", data.words.map);
  state.when.replaceChildren(h("b", {}, data.when), " ", h("span", { class: "note" }, data.note));
  state.list.replaceChildren(riverRows(data));
  state.means.replaceChildren(meanings(data));
  drawMap(svg, data, width, height);
  svg.querySelector(".hits")?.remove();
}

function setUp(root) {
  const svg = s("svg", { role: "img" }), box = h("div", { class: "map" }, svg);
  const state = { svg, box, list: h("div", { class: "list" }), means: h("div", { class: "meant" }), when: h("p", { class: "when" }), drawn: "" };
  root.replaceChildren(h("div", { class: "public" }, state.when, box, state.list, state.means));
  state.observer = new ResizeObserver(() => draw(root, state));
  state.observer.observe(box);
  return state;
}

const states = new WeakMap();

export default function (component) {
  const { data, parentElement } = component;
  const root = parentElement.querySelector(".rc");
  if (!states.has(root)) states.set(root, setUp(root));
  states.get(root).data = data;
  draw(root, states.get(root));
  return () => { states.get(root)?.observer.disconnect(); states.delete(root); };
}
