// The rivers as one network: casing, class colour, dashes of the worst classes, stations, outfalls, labels that keep apart.
const WIDTHS = [3.6, 5.2, 7.2];

function path(line) {
  return "M" + line.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L");
}

// Metres on the ground to pixels in the frame.
function projector(ground, width, height, pad) {
  const scale = Math.min((width - 2 * pad) / ground.width_m, (height - 2 * pad) / ground.height_m);
  const left = (width - ground.width_m * scale) / 2, top = (height - ground.height_m * scale) / 2;
  const to = ([x, y]) => [left + x * scale, top + y * scale];
  return { scale, to, line: (points) => points.map(to) };
}

function scaleBar(scale, height, words) {
  const metres = [2000, 1000, 500, 200].find((m) => m * scale <= 120) ?? 100;
  const size = metres * scale, y = height - 12;
  return s("g", { class: "scale", "aria-hidden": "true" },
    s("path", { d: `M12 ${y - 4}v4h${size.toFixed(1)}v-4` }),
    s("text", { x: 12 + size + 6, y: y + 1 }, metres >= 1000 ? `${metres / 1000} km` : `${metres} m`),
    s("path", { class: "north", d: `M18 ${y - 34}l5 14l-5 -4l-5 4z` }), s("text", { x: 26, y: y - 22 }, words.north));
}

function stationMark(one, live, [x, y], size) {
  const r = size * 0.9;
  const props = { class: `station ${live.status}`, "data-cls": live.cls ?? "none", "data-station": one.id };
  if (live.worse) return s("path", { ...props, class: props.class + " worse", d: `M${x} ${y - r * 1.9}l${r * 1.9} ${r * 3.2}h${-r * 3.8}z` });
  if (live.status === "maintenance") return s("path", { ...props, d: `M${x} ${y - r * 1.4}l${r * 1.4} ${r * 1.4}l${-r * 1.4} ${r * 1.4}l${-r * 1.4} ${-r * 1.4}z` });
  if (live.status === "online") return s("circle", { ...props, cx: x, cy: y, r });
  const base = live.status === "fault" ? s("rect", { x: x - r, y: y - r, width: 2 * r, height: 2 * r }) : s("circle", { cx: x, cy: y, r: r * 1.25 });
  return s("g", props, base, s("path", { d: cross(x, y, r * 0.62) }));
}
const cross = (x, y, r) => `M${x - r} ${y - r}l${2 * r} ${2 * r}M${x + r} ${y - r}l${-2 * r} ${2 * r}`;

function labelNode(one, box, font, selected) {
  const group = s("g", { class: `label${selected ? " selected" : ""}`, "data-label": one.id, "data-river": one.river, "data-kind": one.kind, transform: `translate(${box.x.toFixed(1)} ${box.y.toFixed(1)})` });
  const middle = box.h / 2;
  group.append(s("rect", { class: "plate", width: box.w, height: box.h, rx: 4 }),
    s("text", { x: font.pad, y: middle, class: "name" }, one.name));
  const at = font.pad + one.nameW + font.pad;
  group.append(s("rect", { class: "mark", "data-cls": one.cls ?? "none", x: at, y: 1.5, width: one.markW + 2 * font.pad, height: box.h - 3, rx: 3 }),
    s("text", { x: at + font.pad + one.markW / 2, y: middle, class: "class", "data-cls": one.cls ?? "none" }, one.mark));
  if (one.age) group.append(s("text", { x: at + one.markW + 3 * font.pad, y: middle, class: "age" }, one.age));
  return group;
}

function sized(one, font) {
  const nameW = measure(one.name, font.name), markW = Math.max(measure(one.mark, font.mark), font.size * 0.8);
  const ageW = one.age ? measure(one.age, font.age) + font.pad : 0;
  return { ...one, nameW, markW, w: 5 * font.pad + nameW + markW + ageW - (one.age ? 0 : font.pad), h: font.size + 6 };
}

function labels(data, lines, points, frame, font, named) {
  const wanted = data.rivers.map((river) => {
    const one = sized({ id: "r:" + river.id, kind: "river", river: river.id, name: river.name, cls: river.cls, mark: river.mark, age: river.stale ? river.age : "" }, font);
    return { ...one, urgent: river.urgent, boxes: alongLine(one, lines.get(river.id).map((l) => l.points), frame.clear) };
  });
  for (const station of named ? data.stations.filter((one) => one.worse) : []) {
    const one = sized({ id: "s:" + station.id, kind: "station", river: station.river, name: station.name, cls: station.cls, mark: station.mark }, font);
    wanted.push({ ...one, urgent: 3, boxes: aroundPoint(one, points.get(station.id), frame.mark * 2.4) });
  }
  return wanted;
}

// What it costs to lay a label on a river, a pixel: the worst ones are what people look for.
const heavy = (urgent) => urgent >= 4 ? 16 : urgent > 1 ? 2.2 : 1.4;

// Largest share of a bad river that lies under labels.
function covered(lines, live, taken) {
  let most = 0;
  for (const [river, parts] of lines) {
    if (live.get(river).urgent < 4) continue;
    const whole = parts.reduce((sum, { points }) => sum + length(points), 0);
    const hidden = parts.reduce((sum, { points }) => sum + [...taken.values()].reduce((all, box) => all + under(box, points), 0), 0);
    most = Math.max(most, hidden / (whole || 1));
  }
  return most;
}

// Whether a label would hide some of a bad river: a name may be missing on a phone, a red river may not.
const hides = (box, lines, live) => [...lines].some(([river, parts]) => live.get(river).urgent >= 4
  && parts.reduce((sum, { points }) => sum + under(box, points), 0) > 4);

// Length of a line that lies in a box.
const under = (box, points) => points.slice(1).reduce((sum, point, i) => sum + inside(box, ...points[i], ...point), 0);

// Draws everything into an svg element; returns what a river's parts are, for highlighting.
function drawMap(svg, data, width, height) {
  const small = width < 480;
  const size = small ? 11.5 : Math.min(Math.max(width / 62, 12), 16);
  const frame = { clear: small ? 4 : 5.5, mark: small ? 3 : 4.2 };
  const thick = (w) => WIDTHS[w] * (small ? 0.75 : Math.max(1, Math.min(width / 800, 1.5)));
  const project = projector(data.ground, width, height, small ? 12 : 20);
  const live = new Map(data.rivers.map((river) => [river.id, river]));
  const lines = new Map(data.rivers.map((river) => [river.id, []]));
  for (const reach of data.ground.reaches) lines.get(reach.river).push({ points: project.line(reach.line), width: thick(reach.w) });
  const points = new Map(data.ground.stations.map((one) => [one.id, project.to([one.x, one.y])]));

  const layer = (name) => s("g", { class: name, "aria-hidden": "true" });
  const [land, halo, casing, colour, dashes, outfalls, marks] = ["land", "halo", "casing", "colour", "dashes", "outfalls", "marks"].map(layer);
  const hits = s("g", { class: "hits" }), names = layer("names");
  land.append(s("path", { d: path(project.line(data.ground.boundary)) + "Z" }));
  for (const river of data.rivers) {
    const parts = lines.get(river.id);
    const d = parts.map((part) => path(part.points)).join("");
    const widest = Math.max(...parts.map((part) => part.width));
    const props = { "data-river": river.id, "data-cls": river.cls ?? "none", class: river.stale ? "old" : "" };
    halo.append(s("path", { ...props, d, "stroke-width": widest + 11 }));
    for (const part of parts) {
      casing.append(s("path", { d: path(part.points), "stroke-width": part.width + 2.6 }));
      colour.append(s("path", { ...props, d: path(part.points), "stroke-width": part.width }));
      dashes.append(s("path", { ...props, d: path(part.points), "stroke-width": part.width * (river.stale ? 0.9 : 0.36) }));
    }
    hits.append(s("g", { class: "river", role: "button", tabindex: "0", "data-river": river.id, "data-focus": "map:" + river.id, "aria-label": river.aria, "aria-pressed": String(river.id === data.selected) },
      s("path", { d, "stroke-width": Math.max(widest + 12, 18) })));
  }
  for (const one of data.ground.outfalls) {
    const [x, y] = project.to([one.x, one.y]);
    outfalls.append(s("circle", { cx: x.toFixed(1), cy: y.toFixed(1), r: small ? 1.6 : 2.2 }));
  }
  for (const one of data.stations) marks.append(stationMark(one, one, points.get(one.id), frame.mark));

  const segments = [];
  for (const [river, parts] of lines) {
    for (const { points: line, width: w } of parts) {
      for (let i = 1; i < line.length; i += 1) segments.push([...line[i - 1], ...line[i], heavy(live.get(river).urgent) * w / 5, river]);
    }
  }
  const keepOff = [...points.values()].map(([x, y]) => ({ x: x - frame.mark, y: y - frame.mark, w: 2 * frame.mark, h: 2 * frame.mark }));
  if (!small) keepOff.push({ x: 6, y: height - 52, w: 150, h: 50 });
  let font, wanted, taken;
  // Smaller rather than none; and on a phone rivers rather than stations, which the list above the map names.
  const tries = [1, 0.93, 0.86].map((share) => [share, true]).concat(small ? [[0.93, false], [0.86, false]] : []);
  for (const [share, named] of tries) {
    font = fonts(size * share, svg);
    wanted = labels(data, lines, points, frame, font, named);
    for (const one of wanted) {
      const clear = one.boxes.filter((box) => !hides(box, lines, live));
      if (small || clear.length) one.boxes = clear;
    }
    taken = arrange(wanted, segments, keepOff, width, height);
    if (taken.size === wanted.length) break;
  }
  for (const one of wanted) {
    const box = taken.get(one.id);
    if (!box) continue;
    if (box.from) names.append(s("path", { class: "lead", d: path([box.from, nearest(box)]) }));
    names.append(labelNode(one, box, font, one.river === data.selected && one.kind === "river"));
  }
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.style.height = `${height}px`;
  svg.dataset.covered = covered(lines, live, taken).toFixed(3);
  svg.dataset.left_out = String(wanted.length - taken.size);
  const rule = small ? [] : [scaleBar(project.scale, height, data.words)];
  svg.replaceChildren(land, halo, casing, colour, dashes, outfalls, marks, ...rule, names, hits);
}

const nearest = (box) => [Math.min(Math.max(box.from[0], box.x), box.x + box.w), Math.min(Math.max(box.from[1], box.y), box.y + box.h)];

function fonts(size, svg) {
  const family = getComputedStyle(svg).fontFamily;
  svg.style.setProperty("--size", `${size}px`);
  return { size, pad: size * 0.3, name: `600 ${size}px ${family}`, mark: `700 ${size * 0.94}px ${family}`, age: `500 ${size * 0.86}px ${family}` };
}
