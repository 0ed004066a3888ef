// Streamlit's own menu for a narrow screen puts its sections into lists that are none, and names what it draws itself in
// English: readers aloud hear what is there, in the page's language.
const SPOKEN = {
  "file upload": "选择文件", "App pages": "页面", "Main menu": "主菜单", Open: "展开", Close: "关闭", Increment: "增加",
  Decrement: "减少", "Choose date": "选择日期", "Clear all": "全部清除", Clear: "清除", "Close sidebar": "收起菜单",
  "Open sidebar": "展开菜单",
};
let spoken;

function settle() {
  for (const list of document.querySelectorAll('[data-testid="stSidebarNavItems"]')) {
    for (const one of [list, ...list.querySelectorAll("li")]) one.setAttribute("role", "presentation");
  }
  if (!document.documentElement.lang.startsWith("zh")) return;
  for (const one of document.querySelectorAll('[data-testid="stFileUploaderDropzoneInstructions"] span')) {
    const text = one.firstChild;
    if (text?.data?.includes("MB per file")) text.data = text.data.replace(/^([0-9.]+)MB per file( •)?/, "每个文件不超过 $1 MB$2");
  }
  for (const one of document.querySelectorAll("[aria-label]")) {
    const word = SPOKEN[one.getAttribute("aria-label")];
    if (word) one.setAttribute("aria-label", word);
  }
}

export default function (component) {
  const { data, parentElement } = component;
  // The page's language: readers aloud and the choice of Chinese glyphs depend on it.
  document.documentElement.lang = data.lang === "zh" ? "zh-CN" : "en";
  redraw(parentElement.querySelector(".rc"), data, () => [
    h("div", { class: "mast" }, h("h1", {}, data.site, " ", h("span", { class: "page" }, data.page))),
    data.banner && h("div", { class: "banner", role: "note" }, data.banner),
  ]);
  settle();
  spoken?.disconnect();
  let waiting = 0;
  spoken = new MutationObserver(() => { waiting ||= requestAnimationFrame(() => { waiting = 0; settle(); }); });
  spoken.observe(document.body, { childList: true, subtree: true });
  return () => spoken.disconnect();
}
