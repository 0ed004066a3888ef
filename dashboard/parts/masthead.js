export default function (component) {
  const { data, parentElement } = component;
  redraw(parentElement.querySelector(".rc"), data, () => [
    h("div", { class: "mast" }, h("h1", {}, data.site, " ", h("span", { class: "page" }, data.page))),
    data.banner && h("div", { class: "banner", role: "note" }, data.banner),
  ]);
}
