// Slides for a screen that nobody touches for months: one timer, one observer, nothing that grows.
const TICK_MS = 1000;
const RELOAD_MS = 24 * 3600 * 1000;

function ageOf(state) {
  const { data } = state;
  const now = data.now_ms + (performance.now() - state.got);
  return { now, age: data.newest_ms === null ? null : Math.max(0, now - data.newest_ms) / 1000 };
}

function span(seconds, words) {
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1) return words.now;
  const text = minutes < 120 ? words.minutes.replace("{count}", minutes) : words.hours.replace("{count}", Math.floor(minutes / 60));
  return words.ago.replace("{span}", text);
}

// Clock, age and the place in the round; called every second, so it touches only what changed.
function tick(state) {
  const { data, parts } = state, { now, age } = ageOf(state);
  const put = (node, text) => { if (node.textContent !== text) node.textContent = text; };
  put(parts.clock, state.time.format(now));
  put(parts.day, state.day.format(now));
  put(parts.age, `${data.words.data}: ${age === null ? data.words.never : span(age, data.words)}`);
  const old = age === null || age > data.stale_s || data.alert !== "";
  parts.box.classList.toggle("old", old);
  put(parts.alert, old ? data.alert || data.words.old : "");
  parts.alert.hidden = !old;
  if (!state.paused && performance.now() - state.turned >= data.slide_s * 1000) turn(state, state.slide + 1);
  // A browser that has run for a day starts afresh, at a time when it can reach the board.
  if (data.kiosk && performance.now() > RELOAD_MS && performance.now() - state.got < 60000) window.location.reload();
}

function turn(state, to) {
  state.slide = to % state.data.slides.length;
  state.turned = performance.now();
  paint(state, true);
}

const rows = (lines, empty, one) => lines.length ? h("ul", { class: "lines" }, lines.map(one)) : h("p", { class: "empty" }, empty);

const KINDS = {
  map: (slide, state) => {
    const svg = s("svg", { role: "img", "aria-label": slide.words.map });
    state.map = svg;
    return h("div", { class: "mapped" },
      h("ul", { class: "counts" }, slide.figures.map((one) => h("li", {}, chip(one.mark, one.cls), h("b", {}, one.count))),
        slide.stats.map((one) => h("li", { class: "stat" }, h("span", {}, one.label), h("b", {}, one.value, " ", h("small", {}, one.of))))),
      h("div", { class: "map" }, svg));
  },
  list: (slide) => rows(slide.lines, slide.empty, (one) => h("li", {},
    chip(one.mark, one.cls, one.stale), h("b", {}, one.name), h("span", { class: `trend ${one.trend.to}` }, one.trend.text), h("span", { class: "note" }, one.note))),
  work: (slide) => h("div", { class: slide.orders ? "two" : "" },
    slide.orders && h("section", {}, h("h3", {}, slide.orders.title, " ", h("b", {}, slide.orders.count), " ", h("small", {}, slide.orders.note),
      slide.orders.late && h("em", {}, slide.orders.late)),
      rows(slide.orders.lines, slide.orders.empty, (one) => h("li", { class: one.tone }, h("b", {}, one.name), h("span", { class: "note" }, one.note)))),
    h("section", {}, h("h3", {}, slide.events.title, " ", h("b", {}, slide.events.count)),
      rows(slide.events.lines, slide.events.empty, (one) => h("li", {}, h("b", {}, one.name), h("span", { class: "note" }, one.note))))),
  goals: (slide) => rows(slide.lines, "", (one) => h("li", {}, h("b", {}, one.name), h("span", { class: "share" }, one.text),
    h("span", { class: `meter ${one.tone}` }, h("i", { style: `width: ${100 * (one.share ?? 0)}%` })), h("span", { class: "note" }, one.note))),
};

function paint(state, always) {
  const { data, parts } = state, slide = data.slides[state.slide % data.slides.length];
  const text = JSON.stringify(slide) + data.lang;
  if (always || text !== state.drawn) {
    state.drawn = text; state.map = null; state.size = "";
    parts.title.textContent = slide.title;
    parts.body.className = `body ${slide.kind}`;
    parts.body.replaceChildren(KINDS[slide.kind](slide, state));
    if (slide.count) parts.title.append(" ", h("small", {}, slide.count));
    parts.dots.replaceChildren(...data.slides.map((one, index) => h("button", {
      type: "button", "aria-pressed": String(index === state.slide), "aria-label": one.title, onclick: () => turn(state, index),
    })));
  }
  fit(state, slide);
}

function fit(state, slide) {
  if (!state.map) return;
  const box = state.map.parentElement, width = Math.round(box.clientWidth), height = Math.round(box.clientHeight);
  if (!width || !height || `${width}x${height}` === state.size) return;
  state.size = `${width}x${height}`;
  // Drawn smaller and shown larger: names are as large as the rest of the wall.
  const times = Math.max(1, width / 680);
  drawMap(state.map, slide, width / times, height / times);
  state.map.style.height = `${height}px`;
  state.map.querySelector(".hits")?.remove();
}

function setUp(root) {
  const parts = {
    site: h("b"), title: h("h2"), clock: h("time", { class: "clock" }), day: h("span", { class: "day" }), age: h("span", { class: "age" }),
    alert: h("p", { class: "cut", role: "status", hidden: true }), banner: h("p", { class: "banner" }), body: h("div", { class: "body" }), dots: h("div", { class: "dots", role: "group" }),
  };
  const state = { parts, slide: 0, drawn: "", paused: false, turned: performance.now() };
  const pause = h("button", { type: "button", class: "pause", onclick: () => {
    state.paused = !state.paused;
    pause.textContent = state.paused ? state.data.words.go : state.data.words.stop;
    pause.setAttribute("aria-pressed", String(state.paused));
  } });
  parts.pause = pause;
  parts.box = h("div", { class: "wall" },
    h("header", {}, h("div", { class: "names" }, parts.site, parts.title), h("div", { class: "times" }, parts.age, parts.day, parts.clock)),
    parts.alert, parts.body, h("footer", {}, parts.banner, parts.dots, pause));
  root.replaceChildren(parts.box);
  state.observer = new ResizeObserver(() => { if (state.data) fit(state, state.data.slides[state.slide % state.data.slides.length]); });
  state.observer.observe(parts.body);
  state.timer = setInterval(() => { if (state.data) tick(state); }, TICK_MS);
  return state;
}

const walls = new WeakMap();

export default function (component) {
  const { data, parentElement } = component;
  const root = parentElement.querySelector(".rc");
  if (!walls.has(root)) walls.set(root, setUp(root));
  const state = walls.get(root), { parts } = state;
  if (data.now_ms !== state.data?.now_ms) state.got = performance.now();
  if (state.data?.zone !== data.zone || state.data?.lang !== data.lang) {
    const tongue = data.lang === "zh" ? "zh-CN" : "en-GB";
    state.time = new Intl.DateTimeFormat(tongue, { timeZone: data.zone, hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
    state.day = new Intl.DateTimeFormat(tongue, { timeZone: data.zone, month: "long", day: "numeric", weekday: "long" });
  }
  state.data = data;
  root.lang = data.lang;
  document.documentElement.lang = data.lang === "zh" ? "zh-CN" : "en";
  parts.box.classList.toggle("kiosk", data.kiosk);
  parts.box.classList.toggle("dark", data.kiosk && !data.light);
  parts.site.textContent = data.site;
  parts.banner.textContent = data.banner;
  parts.dots.setAttribute("aria-label", data.words.slides);
  parts.pause.textContent = state.paused ? data.words.go : data.words.stop;
  paint(state, false);
  tick(state);
  return () => { state.observer.disconnect(); clearInterval(state.timer); walls.delete(root); };
}
