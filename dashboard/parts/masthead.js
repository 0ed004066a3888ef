export default function (component) {
  const { data, parentElement } = component;
  // The page's language: readers aloud and the choice of Chinese glyphs depend on it.
  document.documentElement.lang = data.lang === "zh" ? "zh-CN" : "en";
  redraw(parentElement.querySelector(".rc"), data, () => [
    h("div", { class: "mast" }, h("h1", {}, data.site, " ", h("span", { class: "page" }, data.page))),
    data.banner && h("div", { class: "banner", role: "note" }, data.banner),
  ]);
}
