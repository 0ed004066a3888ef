// A river along its length: values of its stations above, reaches with flow, outfalls on their banks, what joins below.
const PLOT = 168, BAND = 9, LEFT = 46, RIGHT = 54;
const NS = (text, size) => [...text].reduce((sum, letter) => sum + (letter.charCodeAt(0) > 0x2e80 ? 1 : 0.58), 0) * size;

// Rows in which labels beside one another do not collide: place of each, in the order given.
function rowsOf(items, width) {
  const ends = [];
  return items.map((one) => {
    const from = Math.min(Math.max(one.x - one.w / 2, 2), Math.max(width - one.w - 2, 2));
    let row = ends.findIndex((end) => end + 8 <= from);
    if (row < 0) { row = ends.length; ends.push(0); }
    ends[row] = from + one.w;
    return { ...one, from, row };
  });
}

function outfallMark(one, x, y, r) {
  const props = { class: `outfall ${one.stage}${one.dry ? " dry" : ""}` };
  const shapes = {
    unsurveyed: () => s("path", { d: `M${x} ${y - r * 1.3}l${r * 1.3} ${r * 1.3}l${-r * 1.3} ${r * 1.3}l${-r * 1.3} ${-r * 1.3}z` }),
    surveyed: () => s("circle", { cx: x, cy: y, r }),
    monitored: () => [s("circle", { cx: x, cy: y, r }), s("circle", { cx: x, cy: y, r: r * 0.3, class: "dot" })],
    traced: () => s("path", { d: `M${x} ${y - r * 1.2}l${r * 1.2} ${r * 2.1}h${-r * 2.4}z` }),
    rectified: () => s("rect", { x: x - r, y: y - r, width: 2 * r, height: 2 * r, class: "full" }),
    closed: () => s("path", { d: `M${x - r} ${y}h${2 * r}`, class: "bar" }),
  };
  const group = s("g", props, (shapes[one.stage] ?? shapes.surveyed)());
  if (one.title) group.append(s("title", {}, one.title));
  return group;
}

function values(lane, data, width, to) {
  const { low, high, ticks } = data.axis, y = (value) => 14 + (PLOT - 28) * (1 - (value - low) / (high - low || 1));
  const group = s("g", { class: "values" });
  for (const tick of ticks) {
    group.append(s("path", { class: "tick", d: `M${LEFT} ${y(tick.value)}H${width - RIGHT}` }),
      s("text", { class: "axis", x: LEFT - 6, y: y(tick.value), "text-anchor": "end" }, tick.text));
  }
  for (const one of data.limits) {
    group.append(s("path", { class: "limit", "data-cls": one.cls, d: `M${LEFT} ${y(one.value)}H${width - RIGHT}` }),
      s("text", { class: "limit-name", x: width - RIGHT + 6, y: y(one.value) }, one.mark));
  }
  const known = lane.stations.filter((one) => one.mean !== null);
  if (known.length > 1) group.append(s("path", { class: "between", d: "M" + known.map((one) => `${to(one.at)} ${y(one.mean)}`).join("L") }));
  for (const one of lane.stations) {
    const x = to(one.at);
    if (one.low !== null) group.append(s("path", { class: "whisker", d: `M${x} ${y(one.low)}V${y(one.high)}M${x - 5} ${y(one.low)}h10M${x - 5} ${y(one.high)}h10` }));
    if (one.mean !== null) {
      group.append(s("circle", { class: "mean", "data-cls": one.value_cls ?? "none", cx: x, cy: y(one.mean), r: 5.5 }),
        s("text", { class: "value", x: x + 9, y: y(one.mean) - 8 }, one.mean_text));
    }
    if (one.newest !== null) group.append(s("path", { class: "newest", d: `M${x - 5} ${y(one.newest) - 5}l10 10m0 -10l-10 10` }));
    if (one.mean === null && one.newest === null) group.append(s("text", { class: "axis", x, y: PLOT / 2, "text-anchor": "middle" }, "—"));
  }
  return group;
}

function band(lane, data, width, to, top) {
  const group = s("g", { class: "band" }), middle = top + 26;
  for (const one of lane.spans) {
    const x0 = to(one.from), x1 = to(one.to);
    for (const piece of one.pieces) {
      const from = to(piece.from), wide = Math.max(to(piece.to) - from, 1);
      group.append(s("rect", { class: piece.old ? "reach old" : "reach", "data-cls": piece.cls ?? "none", x: from, y: middle - BAND / 2, width: wide, height: BAND },
        s("title", {}, one.title)));
    }
    const arrow = one.along ? 5 : -5;
    for (let x = x0 + 16; x < x1 - 8; x += 42) group.append(s("path", { class: "flow", d: `M${x - arrow / 2} ${middle - 3}l${arrow} 3l${-arrow} 3` }));
    group.append(s("path", { class: "node", d: `M${x0} ${middle - 8}v16M${x1} ${middle - 8}v16` }));
  }
  for (const one of lane.outfalls) group.append(outfallMark(one, to(one.at), one.side === "down" ? middle + 15 : middle - 15, 4));
  for (const one of lane.stations) group.append(s("path", { class: "station", d: `M${to(one.at)} ${middle - BAND / 2 - 1}l6 -9h-12z` }));
  return group;
}

function names(lane, width, to, top, go) {
  const group = s("g", { class: "names" });
  const placed = rowsOf(lane.stations.map((one) => ({ one, x: to(one.at), w: NS(`${one.name} ${one.mark}`, 12.5) + 14 })), width);
  for (const { one, from, row, x } of placed) {
    const y = top + row * 20;
    group.append(s("path", { class: "lead", d: `M${x} ${top - 14}L${from + 10} ${y - 7}` }),
      s("a", { href: one.href, "data-focus": one.href, onclick: (event) => { if (event.button || event.ctrlKey || event.metaKey || event.shiftKey) return; event.preventDefault(); go(one.go); } },
        s("text", { class: "name", x: from, y }, one.name, " ", s("tspan", { class: "cls" }, one.mark), one.old && s("tspan", { class: "axis" }, " ", one.old))));
  }
  const below = placed.length ? Math.max(...placed.map((one) => one.row)) + 1 : 0;
  const joins = rowsOf(lane.joins.map((one) => ({ one, x: to(one.at), w: NS(one.text, 11.5) + 8 })), width);
  for (const { one, from, row } of joins) group.append(s("text", { class: "join", x: from, y: top + (below + row) * 20 + 2 }, one.text));
  const rows = below + (joins.length ? Math.max(...joins.map((one) => one.row)) + 1 : 0);
  return [group, rows * 20];
}

function drawLane(lane, data, width, go) {
  const to = (metres) => LEFT + (width - LEFT - RIGHT) * metres / (lane.length || 1);
  const top = data.axis ? PLOT : 0;
  const [labels, tall] = names(lane, width, to, top + 66, go);
  const height = top + 62 + tall + 18;
  const svg = s("svg", { viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": lane.aria, style: `height: ${height}px` });
  if (data.axis) svg.append(values(lane, data, width, to));
  svg.append(band(lane, data, width, to, top), labels);
  for (const one of lane.scale) svg.append(s("text", { class: "axis", x: to(one.at), y: height - 4, "text-anchor": "middle" }, one.text));
  return svg;
}

function legend(data) {
  const svg = (node) => s("svg", { class: "symbol", viewBox: "-9 -9 18 18", "aria-hidden": "true" }, node);
  const value = { mean: () => s("circle", { class: "mean", r: 5.5 }), newest: () => s("path", { class: "newest", d: "M-5 -5l10 10m0 -10l-10 10" }),
    range: () => s("path", { class: "whisker", d: "M0 -7V7M-5 -7h10M-5 7h10" }), flow: () => s("path", { class: "flow dark", d: "M-3 -5l6 5l-6 5" }),
    old: () => s("rect", { class: "reach old", "data-cls": "none", x: -8, y: -BAND / 2, width: 16, height: BAND }),
    band: () => s("rect", { class: "reach", "data-cls": "none", x: -8, y: -BAND / 2, width: 16, height: BAND }) };
  return h("div", { class: "legend" },
    data.keys.map((one) => h("span", { class: "key" }, svg(value[one.kind]()), one.text)),
    data.stages.map((one) => h("span", { class: "key" }, one.stage ? svg(outfallMark(one, 0, 0, 5)) : "", one.text)));
}

const drawn = new WeakMap();

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".rc");
  const state = drawn.get(root) ?? { text: "" };
  drawn.set(root, state);
  state.show = () => {
    const width = Math.round(root.clientWidth), text = JSON.stringify([data, width]);
    if (!width || state.text === text) return;
    state.text = text;
    root.lang = data.lang;
    root.replaceChildren(h("div", { class: "caption" }, h("h3", {}, data.title), h("span", { class: "note" }, data.note)),
      ...data.lanes.map((lane) => drawLane(lane, data, Math.max(width, 320), (where) => setTriggerValue("picked", where))), legend(data));
  };
  state.observer?.disconnect();
  state.observer = new ResizeObserver(() => state.show());
  state.observer.observe(root);
  state.show();
  return () => { state.observer.disconnect(); drawn.delete(root); };
}
