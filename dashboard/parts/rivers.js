// The list of rivers that need a look, beside the map; both select.
function item(one, data, pick) {
  return h("li", {}, h("button", {
    class: "item", type: "button", "data-river": one.river, "data-focus": "list:" + one.river,
    "aria-pressed": String(one.river === data.selected), onclick: () => pick(one.river),
  },
    chip(one.mark, one.cls, one.stale),
    h("span", { class: "what" },
      h("span", { class: "top" }, h("b", {}, one.name), one.trend && h("span", { class: `trend ${one.trend.to}` }, one.trend.text),
        h("span", { class: "since" }, one.since)),
      one.lines.map((line) => h("span", { class: `why ${line.kind}` }, line.text)))));
}

function watchList(data, pick) {
  return h("div", { class: "watch" }, h("h2", {}, data.watch.title),
    data.watch.items.length ? h("ul", { tabindex: "-1" }, data.watch.items.map((one) => item(one, data, pick)))
      : h("p", { class: "calm" }, data.watch.empty));
}

function legend(data, box) {
  const swatch = (cls, old) => s("svg", { class: "swatch", viewBox: "0 0 30 12", "aria-hidden": "true" },
    s("g", { class: "casing" }, s("path", { d: "M3 6H27", "stroke-width": 7.6 })),
    s("g", { class: "colour" }, s("path", { d: "M3 6H27", "stroke-width": 5, "data-cls": cls, class: old ? "old" : "" })),
    s("g", { class: "dashes" }, s("path", { d: "M3 6H27", "stroke-width": old ? 4.5 : 1.8, "data-cls": cls, class: old ? "old" : "" })));
  const symbol = (one) => s("svg", { class: "symbol", viewBox: "-8 -8 16 16", "aria-hidden": "true" },
    s("g", { class: "marks" }, stationMark({ id: "" }, one, [0, 0], 4.6)));
  const toggle = h("input", { type: "checkbox", onchange: (event) => box.classList.toggle("with-outfalls", event.target.checked) });
  toggle.checked = box.classList.contains("with-outfalls");
  return h("div", { class: "legend" },
    data.legend.classes.map((one) => h("span", { class: "key" }, swatch(one.cls, one.old), one.text)),
    data.legend.stations.map((one) => h("span", { class: "key" }, symbol(one), one.text)),
    h("label", { class: "key" }, toggle, h("i", { class: "dot" }), data.words.outfalls));
}

function tooltip(box) {
  const tip = h("div", { class: "tip", role: "status", hidden: true });
  const hide = () => { tip.hidden = true; };
  const show = (one, x, y) => {
    tip.replaceChildren(h("div", { class: "head" }, chip(one.mark, one.cls), h("b", {}, one.name)),
      h("dl", {}, one.tip.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)])));
    tip.hidden = false;
    const w = tip.offsetWidth, hgt = tip.offsetHeight;
    tip.style.left = `${Math.max(4, Math.min(x + 16, box.clientWidth - w - 4))}px`;
    tip.style.top = `${y + hgt + 22 > box.clientHeight ? Math.max(4, y - hgt - 14) : y + 16}px`;
  };
  return { tip, show, hide };
}

function wire(root, svg, box, tip, state) {
  const place = (event) => { const r = box.getBoundingClientRect(); return [event.clientX - r.left, event.clientY - r.top]; };
  const riverOf = (target) => state.data.rivers.find((one) => one.id === target.closest?.("[data-river]")?.dataset.river);
  const near = (x, y) => state.data.ground.stations.find((one) => {
    const mark = svg.querySelector(`.station[data-station="${CSS.escape(one.id)}"]`)?.getBBox();
    return mark && Math.hypot(mark.x + mark.width / 2 - x, mark.y + mark.height / 2 - y) < 8;
  });
  const light = (river) => svg.querySelectorAll(".halo path").forEach((p) => p.classList.toggle("lit", p.dataset.river === river));
  svg.addEventListener("pointermove", (event) => {
    const [x, y] = place(event), river = riverOf(event.target);
    const at = near(x, y), station = at && state.data.stations.find((one) => one.id === at.id);
    light(river?.id);
    if (station ?? river) tip.show(station ?? river, x, y); else tip.hide();
  });
  svg.addEventListener("pointerleave", () => { light(); tip.hide(); });
  svg.addEventListener("click", (event) => { const river = riverOf(event.target); if (river) state.pick(river.id); });
  svg.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    const river = riverOf(event.target);
    if (river) { event.preventDefault(); state.pick(river.id); }
  });
  svg.addEventListener("focusin", (event) => {
    const river = riverOf(event.target);
    if (!river || !event.target.matches(":focus-visible")) return;
    const r = event.target.getBoundingClientRect(), b = box.getBoundingClientRect();
    light(river.id);
    tip.show(river, r.left - b.left + r.width / 2, r.top - b.top + r.height / 2);
  });
  svg.addEventListener("focusout", () => { light(); tip.hide(); });
}

function setUp(root) {
  const svg = s("svg", { role: "group" });
  const box = h("div", { class: "map" }, svg);
  const tip = tooltip(box);
  const state = { svg, box, tip, list: h("div"), keys: h("div"), drawn: "" };
  box.append(tip.tip);
  root.replaceChildren(h("div", { class: "rivers" }, state.list, h("div", { class: "sheet" }, box, state.keys)));
  wire(root, svg, box, tip, state);
  state.observer = new ResizeObserver(() => show(root, state));
  state.observer.observe(box);
  return state;
}

function show(root, state) {
  const { data, svg, box } = state;
  const width = Math.round(box.clientWidth);
  if (!width) return;
  const wanted = width * (data.ground.height_m + 200) / data.ground.width_m;
  const height = Math.round(Math.min(wanted, Math.max(window.innerHeight * 0.66, 440)));
  const text = JSON.stringify([data, width, height]);
  if (text === state.drawn) return;
  const focused = root.getRootNode().activeElement?.dataset?.focus;
  state.drawn = text;
  root.lang = data.lang;
  svg.setAttribute("aria-label", data.words.map);
  const scroll = state.list.querySelector("ul")?.scrollTop ?? 0;
  const list = watchList(data, state.pick), keys = legend(data, box);
  state.list.replaceWith(list); state.list = list;
  state.keys.replaceWith(keys); state.keys = keys;
  drawMap(svg, data, width, height);
  list.style.setProperty("--tall", `${height}px`);
  if (list.querySelector("ul")) list.querySelector("ul").scrollTop = scroll;
  svg.querySelectorAll(".halo path").forEach((p) => p.classList.toggle("selected", p.dataset.river === data.selected));
  if (focused) root.querySelector(`[data-focus="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}

const parts = new WeakMap();

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".rc");
  if (!parts.has(root)) parts.set(root, setUp(root));
  const state = parts.get(root);
  state.data = data;
  state.pick = (river) => {
    state.data = { ...state.data, selected: river };
    show(root, state);
    setTriggerValue("picked", river);
    tellPicked();
  };
  show(root, state);
  return () => { state.observer.disconnect(); parts.delete(root); };
}
