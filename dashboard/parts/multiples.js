// Small pictures of the stations up and down the water: minimum to maximum, mean, and the event's water moving past.
const PANEL = { width: 340, height: 84, left: 4, right: 4, top: 8, bottom: 4 };

function runs(course, index) {
  const found = [];
  let run = null;
  course[index].forEach((value, at) => {
    if (value === null) { run = null; return; }
    if (!run) found.push(run = []);
    run.push([at, value]);
  });
  return found;
}

function panel(row, number, data) {
  const key = data.keys[number], course = row.courses[number];
  const { width, height, left, right, top, bottom } = PANEL;
  const span = data.end - data.start;
  const high = Math.max(key.high, key.limit !== null && key.limit <= 2 * key.high ? key.limit : key.high), low = Math.min(key.low, high);
  const room = (high - low) * 0.06 || 1;
  const x = (time) => left + ((time - data.start) / span) * (width - left - right);
  const y = (value) => height - bottom - ((value - low + room) / (high - low + 2 * room)) * (height - top - bottom);
  const slot = (at) => x(data.start + (at + 0.5) * data.step);
  const svg = s("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${row.station}, ${key.name}`, preserveAspectRatio: "none" });
  if (row.from !== null && row.to > data.start && row.from < data.end) {
    const from = x(Math.max(row.from, data.start)), to = x(Math.min(row.to, data.end));
    svg.append(s("rect", { class: "window", x: from, y: 0, width: Math.max(to - from, 1), height }));
  }
  for (const tick of data.ticks) svg.append(s("path", { class: "tick", d: `M${x(tick.at)} 0V${height}` }));
  if (key.limit !== null && key.limit >= low - room && key.limit <= high + room) svg.append(s("path", { class: "limit", d: `M${left} ${y(key.limit)}H${width - right}` }));
  if (!course) return [svg, h("span", { class: "gap" }, data.gap)];
  for (const run of runs(course, 0)) {
    const tops = run.map(([at]) => `${slot(at).toFixed(1)} ${y(course[2][at]).toFixed(1)}`);
    const lows = run.map(([at, value]) => `${slot(at).toFixed(1)} ${y(value).toFixed(1)}`).reverse();
    svg.append(s("path", { class: "band", d: `M${tops.join("L")}L${lows.join("L")}Z` }));
  }
  for (const run of runs(course, 1)) {
    if (run.length === 1) svg.append(s("circle", { class: "dot", cx: slot(run[0][0]), cy: y(run[0][1]), r: 2 }));
    else svg.append(s("path", { class: "mean", d: "M" + run.map(([at, value]) => `${slot(at).toFixed(1)} ${y(value).toFixed(1)}`).join("L") }));
  }
  if (row.onset !== null && row.onset >= data.start && row.onset <= data.end) svg.append(s("path", { class: "onset", d: `M${x(row.onset)} 0V${height}` }));
  return svg;
}

function axis(data) {
  const { width, left, right } = PANEL;
  const x = (time) => left + ((time - data.start) / (data.end - data.start)) * (width - left - right);
  return h("div", { class: "axis", "aria-hidden": "true" }, data.ticks.map((tick) =>
    h("span", { style: `inset-inline-start: ${((x(tick.at) / width) * 100).toFixed(2)}%` }, tick.text)));
}

export default function (component) {
  const { data, parentElement } = component;
  redraw(parentElement.querySelector(".rc"), data, () => h("section", { class: "multiples", "aria-label": data.title },
    h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": data.title },
      h("div", { class: "sheet", style: `--columns: ${data.keys.length}` },
        h("div", { class: "corner" }),
        data.keys.map((key) => h("div", { class: "key" }, h("b", {}, key.name), h("span", { class: "note" }, `${key.low_text} – ${key.high_text}`),
          key.limit !== null && h("span", { class: "note limit-name" }, `┄ ${key.limit_name}`))),
        data.rows.map((row) => [
          h("div", { class: row.seen ? "station seen" : "station" }, h("b", {}, row.station), h("div", { class: "note" }, row.where),
            row.onset !== null && h("div", { class: "note onset-name" }, `${data.onset} ${row.onset_text}`)),
          data.keys.map((_key, number) => h("div", { class: "panel" }, panel(row, number, data)))]),
        h("div", { class: "corner" }), data.keys.map(() => axis(data)))),
    h("p", { class: "note" }, data.note)));
}
