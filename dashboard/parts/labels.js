// Where labels go: each has candidate boxes; the cheapest is taken, and a few rounds of second thoughts follow.
// Label on label or outside the frame never happens: what finds no place is left out, the least urgent first.
const measure = (() => {
  let context;
  return (text, font) => {
    context ??= document.createElement("canvas").getContext("2d");
    context.font = font;
    return context.measureText(text).width;
  };
})();

const NEAR = 10;

// How often the labels are laid out anew while one of them finds no place.
const ATTEMPTS = 6;

function overlap(a, b, gap) {
  const x = Math.min(a.x + a.w, b.x + b.w) - Math.max(a.x, b.x) + gap;
  const y = Math.min(a.y + a.h, b.y + b.h) - Math.max(a.y, b.y) + gap;
  return x > 0 && y > 0 ? x * y : 0;
}

// Length of the part of a segment that lies in a box (Liang and Barsky's parameters).
function inside(box, x0, y0, x1, y1) {
  let low = 0, high = 1;
  const dx = x1 - x0, dy = y1 - y0;
  for (const [p, q] of [[-dx, x0 - box.x], [dx, box.x + box.w - x0], [-dy, y0 - box.y], [dy, box.y + box.h - y0]]) {
    if (p === 0) { if (q < 0) return 0; continue; }
    const t = q / p;
    if (p < 0) low = Math.max(low, t); else high = Math.min(high, t);
    if (low >= high) return 0;
  }
  return (high - low) * Math.hypot(dx, dy);
}

// Points along lines every `step` pixels, with the normal of the line there and the distance from the line's middle.
function stations(lines, step) {
  const points = [];
  const whole = lines.reduce((sum, line) => sum + length(line), 0);
  let run = 0;
  for (const line of lines) {
    for (let i = 1; i < line.length; i += 1) {
      const [[x0, y0], [x1, y1]] = [line[i - 1], line[i]];
      const size = Math.hypot(x1 - x0, y1 - y0);
      for (let at = step / 2; at < size || at === step / 2; at += step) {
        const t = Math.min(at / (size || 1), 1);
        points.push({
          x: x0 + t * (x1 - x0), y: y0 + t * (y1 - y0), nx: -(y1 - y0) / (size || 1), ny: (x1 - x0) / (size || 1),
          off: Math.abs(run + Math.min(at, size) - whole / 2) / (whole || 1),
        });
        if (at >= size) break;
      }
      run += size;
    }
  }
  return points;
}
const length = (line) => line.slice(1).reduce((sum, [x, y], i) => sum + Math.hypot(x - line[i][0], y - line[i][1]), 0);

function alongLine(label, lines, clear) {
  const boxes = [];
  for (const p of stations(lines, 16)) {
    for (const side of [1, -1]) {
      for (const gap of [3, 9]) {
        const away = clear + gap + (Math.abs(p.nx) * label.w + Math.abs(p.ny) * label.h) / 2;
        boxes.push({
          x: p.x + side * p.nx * away - label.w / 2, y: p.y + side * p.ny * away - label.h / 2, w: label.w, h: label.h,
          cost: 22 * p.off + gap,
        });
      }
    }
    boxes.push({ x: p.x - label.w / 2, y: p.y - label.h / 2, w: label.w, h: label.h, cost: 26 + 22 * p.off });
  }
  return boxes;
}

function aroundPoint(label, [x, y], clear) {
  const boxes = [];
  for (const away of [clear, clear + 9, clear + 20]) {
    for (const [dx, dy] of [[1, 0], [-1, 0], [0, -1], [0, 1], [1, -1], [1, 1], [-1, -1], [-1, 1]]) {
      boxes.push({
        x: x + dx * away - (1 - dx) * label.w / 2, y: y + dy * away - (1 - dy) * label.h / 2, w: label.w, h: label.h,
        cost: away + (dx && dy ? 3 : 0), from: [x, y],
      });
    }
  }
  return boxes;
}

// labels: [{id, river, w, h, urgent, boxes}]; returns id -> box. segments: [x0, y0, x1, y1, weight, river];
// marks: boxes to keep off. A box near another river costs too: a name must not look like the neighbour's.
function arrange(labels, segments, marks, width, height) {
  for (const label of labels) {
    label.boxes = label.boxes.filter((b) => b.x >= 1 && b.y >= 1 && b.x + b.w <= width - 1 && b.y + b.h <= height - 1);
    for (const box of label.boxes) {
      const wide = { x: box.x - NEAR, y: box.y - NEAR, w: box.w + 2 * NEAR, h: box.h + 2 * NEAR };
      for (const [x0, y0, x1, y1, weight, river] of segments) {
        const near = inside(wide, x0, y0, x1, y1);
        if (!near) continue;
        box.cost += weight * inside(box, x0, y0, x1, y1) + (river === label.river ? 0 : 0.5 * near);
      }
      for (const mark of marks) box.cost += 0.5 * overlap(box, mark, 0);
    }
    label.boxes.sort((a, b) => a.cost - b.cost);
  }
  let order = [...labels].sort((a, b) => b.urgent - a.urgent || a.boxes.length - b.boxes.length);
  let best = new Map();
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const taken = settle(order);
    if (attempt === 0 || taken.size > best.size) best = taken;
    if (best.size === labels.length) break;
    // What found no place comes first in the next attempt.
    order = [...order.filter((one) => !taken.has(one.id)), ...order.filter((one) => taken.has(one.id))];
  }
  return best;
}

function settle(order) {
  const taken = new Map();
  const free = (box, id) => [...taken].every(([other, there]) => other === id || !overlap(box, there, 3));
  for (const label of order) {
    const box = label.boxes.find((one) => free(one, label.id));
    if (box) { taken.set(label.id, box); continue; }
    makeRoom(label, order, taken);
  }
  for (let round = 0; round < 3; round += 1) {
    for (const label of order) {
      const box = label.boxes.find((one) => free(one, label.id));
      if (box) taken.set(label.id, box);
    }
  }
  return taken;
}

// Take a place from labels that can go elsewhere at once; give up where none can.
function makeRoom(label, labels, taken) {
  for (const box of label.boxes) {
    const hit = [...taken].filter(([, there]) => overlap(box, there, 3));
    const moves = new Map([[label.id, box]]);
    const clear = (one, id) => [...taken].every(([other, there]) =>
      other === id || moves.has(other) || !overlap(one, there, 3)) && [...moves.values()].every((m) => !overlap(one, m, 3));
    const moved = hit.every(([id]) => {
      const next = labels.find((one) => one.id === id).boxes.find((one) => clear(one, id));
      if (next) moves.set(id, next);
      return Boolean(next);
    });
    if (moved) { for (const [id, there] of moves) taken.set(id, there); return; }
  }
}
