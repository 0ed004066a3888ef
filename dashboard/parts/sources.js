// Where an event may come from: the water around it with the ranked outfalls, and their list.
function around(data) {
  const map = data.map, [left, top, width, height] = map.box, unit = Math.max(width, height) / 100;
  const svg = s("svg", { class: "around", viewBox: map.box.join(" "), role: "img", "aria-label": data.title });
  const d = (line) => "M" + line.map(([x, y]) => `${x} ${y}`).join("L");
  for (const reach of map.reaches) svg.append(s("path", { class: "casing", d: d(reach.line), "stroke-width": unit * (1.1 + reach.w * 0.5) }));
  for (const reach of map.reaches) svg.append(s("path", { class: "water", d: d(reach.line), "stroke-width": unit * (0.6 + reach.w * 0.5) }));
  // A label stands above its mark, or where the labels before it leave room.
  const boxes = [];
  const label = (x, y, gap, words) => {
    const size = unit * 3, wide = [...words].reduce((sum, one) => sum + (one.charCodeAt(0) > 255 ? 1 : 0.6), 0) * size;
    const places = [[x, y - gap], [x, y + gap + size], [x + gap + wide / 2, y + size / 3], [x - gap - wide / 2, y + size / 3], [x, y - gap - size * 1.3], [x, y + gap + size * 2.3]];
    const box = ([at, base]) => [at - wide / 2, base - size, at + wide / 2, base];
    const free = (one) => boxes.every((other) => one[2] < other[0] || one[0] > other[2] || one[3] < other[1] || one[1] > other[3]);
    const place = places.find((one) => free(box(one)));
    if (!place) return null;
    boxes.push(box(place));
    return s("text", { class: "label", x: place[0], y: place[1], "font-size": size, "stroke-width": unit * 0.9 }, words);
  };
  const names = [];
  const inside = (one) => one.x > left && one.x < left + width && one.y > top && one.y < top + height;
  for (const one of map.silent.filter(inside)) svg.append(s("circle", { class: "silent", cx: one.x, cy: one.y, r: unit * 1.1, "stroke-width": unit * 0.35 }));
  for (const one of [...map.outfalls].reverse()) {
    svg.append(s("circle", { class: "outfall", cx: one.x, cy: one.y, r: unit * (1.2 + 3 * Math.sqrt(one.share)) }));
  }
  for (const one of map.stations) {
    svg.append(s("rect", { class: "seen", x: one.x - unit * 1.3, y: one.y - unit * 1.3, width: unit * 2.6, height: unit * 2.6, "stroke-width": unit * 0.45 }));
    boxes.push([one.x - unit * 1.5, one.y - unit * 1.5, one.x + unit * 1.5, one.y + unit * 1.5]);
  }
  for (const one of map.outfalls.filter((each) => each.rank <= 3)) names.push(label(one.x, one.y, unit * (1.6 + 3 * Math.sqrt(one.share)), `${one.rank} ${one.name}`));
  for (const one of map.stations) names.push(label(one.x, one.y, unit * 2, one.name));
  svg.append(...names.filter(Boolean));
  return svg;
}

function candidate(one, go) {
  return h("li", {},
    h("div", { class: "line" }, h("span", { class: "rank" }, one.rank), h("b", {}, one.name), h("span", { class: "share" }, one.text)),
    h("div", { class: "bar", "aria-hidden": "true" }, h("i", { style: `width: ${(one.share * 100).toFixed(1)}%` })),
    h("div", { class: "note" }, one.about, one.open && [" · ", link(one.open, go)]));
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const go = (value) => setTriggerValue("picked", value);
  redraw(parentElement.querySelector(".rc"), data, () => h("section", { class: "sources", "aria-label": data.title },
    data.verdict && h("p", { class: "verdict" }, data.verdict),
    data.none && h("p", { class: "note" }, data.none),
    h("div", { class: "both" },
      data.map && h("figure", {}, around(data), h("figcaption", { class: "note" },
        h("span", {}, "■ ", data.words.station), h("span", {}, "○ ", data.words.silent), h("span", {}, "● ", data.words.outfall))),
      data.list.length > 0 && h("div", {}, h("ol", {}, data.list.map((one) => candidate(one, go))),
        data.effective && h("p", { class: "note" }, data.effective)))));
}
