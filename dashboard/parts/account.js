// Who is signed in, and the way in and out. Signing out is a form: a link could be followed by a preview or a picture.
export default function (component) {
  const { data, parentElement } = component;
  redraw(parentElement.querySelector(".rc"), data, () => {
    const lang = `lang=${encodeURIComponent(data.lang)}`;
    const here = `${lang}&next=${encodeURIComponent(location.pathname + location.search)}`;
    if (!data.how) return h("div", { class: "account" }, h("a", { class: "act", href: `/signin?${here}` }, data.signin));
    const out = data.how === "oidc"
      ? h("a", { class: "act", href: `/?${lang}&signout=oidc` }, data.signout)
      : h("form", { method: "post", action: `/signout?${lang}` }, h("button", { class: "act" }, data.signout));
    return h("div", { class: "account" },
      data.name && h("span", { class: "who" }, data.name, " ", h("span", { class: "dim" }, data.role)),
      data.how === "local" && h("a", { class: "act", href: `/password?${here}` }, data.password),
      out);
  });
}
