// Under the first screen: begins Streamlit's programs when it is on the glass, and takes it away when they have drawn.
(() => {
  const first = document.getElementById("first");
  if (!first) return;

  const add = (tag, more) => document.head.append(Object.assign(document.createElement(tag), { crossOrigin: "" }, more));
  const preload = (addresses) => (addresses || "").split(" ").filter(Boolean)
    .forEach((href) => add("link", { rel: "modulepreload", href }));
  let begun = false;
  const begin = () => {
    if (begun) return;
    begun = true;
    preload(first.dataset.begun);
    add("script", { type: "module", src: first.dataset.entry });
    preload(first.dataset.later);
  };
  // Programs of megabytes keep a browser from painting: after it. A page in the back is never painted.
  new PerformanceObserver(begin).observe({ type: "paint", buffered: true });
  document.addEventListener("visibilitychange", begin);
  setTimeout(begin, document.hidden ? 0 : 1500);

  const own = (part) => [part, ...part.querySelectorAll("*")].some((node) => node.shadowRoot?.querySelector(".rc")?.firstChild);
  let over = 0;
  const drawn = () => {
    // What failed has to be seen.
    if (document.querySelector("[role=dialog], [data-testid=stException]")) return true;
    const app = document.querySelector("[data-testid=stApp]");
    if (app?.dataset.testScriptState !== "notRunning") return false;
    if (!app.querySelector("[data-testid=stMainBlockContainer] [data-testid=stElementContainer]")) return false;
    over ||= performance.now();
    return performance.now() - over > 4000 || (!app.querySelector("[data-testid=stSkeleton]")
      && [...app.querySelectorAll("[data-testid=stBidiComponentIsolated]")].every(own));
  };
  const look = () => {
    if (!drawn()) return requestAnimationFrame(look);
    const top = first.scrollTop, main = document.querySelector("[data-testid=stMain]");
    first.remove();
    if (top && main) main.scrollTop = top;
    performance.mark("riverchief:drawn");
  };
  requestAnimationFrame(look);
})();
