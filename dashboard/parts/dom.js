// Small builders. Data reach the page as text nodes and attributes only, never as markup.
const SVG = "http://www.w3.org/2000/svg";

function build(node, props, children) {
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children.flat(3)) {
    if (child === undefined || child === null || child === false) continue;
    node.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return node;
}
const h = (tag, props, ...children) => build(document.createElement(tag), props, children);
const s = (tag, props, ...children) => build(document.createElementNS(SVG, tag), props, children);

const chip = (mark, cls, old) => h("span", { class: old ? "chip old" : "chip", "data-cls": cls ?? "none" }, mark);

// A river was picked by hand: whoever shows it comes into view, also where it was shown already.
const PICKED = "riverchief:picked";
const tellPicked = () => window.dispatchEvent(new Event(PICKED));

// Rebuild a part only when its data changed, and give the focus back to what had it.
function redraw(root, data, draw) {
  const text = JSON.stringify(data);
  if (root.dataset.drawn === text) return false;
  const shadow = root.getRootNode();
  const focused = shadow.activeElement?.dataset?.focus;
  root.dataset.drawn = text;
  root.lang = data.lang;
  root.replaceChildren(...[draw(data)].flat(3).filter(Boolean));
  if (focused) root.querySelector(`[data-focus="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  return true;
}

// A link to another page of the board: the address opens and can be sent; a plain click goes without a new load.
const link = (one, go) => one.href
  ? h("a", {
    class: "link", href: one.href, "data-focus": one.href,
    onclick: (event) => {
      if (event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
      event.preventDefault();
      go(one.go);
    },
  }, one.text)
  : h("span", { class: "link-less" }, one.text);
const links = (all, go) => (all ?? []).map((one, index) => [index ? " " : "", link(one, go)]);
