// The widths of the panes: dragged, or moved by the arrow keys, and remembered in this browser. `early.js` puts them in
// before the page is drawn.

const STEP = 16;
const panes = document.querySelector(".panes");
const root = document.documentElement;
const widths = JSON.parse(localStorage.getItem("pane-widths") ?? "{}");
/** Which pane each divider changes, and on which side of it the pane lies. */
const dividers = [["views", 1], ["list", 1], ["side", -1]];

function add([name, direction]) {
  const pane = panes.querySelector(`[data-part="${name}"]`);
  if (!pane) return;
  const divider = document.createElement("div");
  divider.className = `divider of-${name}`;
  divider.dataset.kept = "";
  divider.tabIndex = 0;
  divider.setAttribute("role", "separator");
  divider.setAttribute("aria-orientation", "vertical");
  divider.setAttribute("aria-controls", pane.id);
  divider.setAttribute("aria-label", panes.dataset.width.replace("{pane}", pane.getAttribute("aria-label")));
  const limit = (which) => {
    const text = getComputedStyle(document.body).getPropertyValue(`--${name}-${which}`);
    return parseFloat(text) * (text.endsWith("vw") ? innerWidth / 100 : 1);
  };
  const say = () => {
    divider.setAttribute("aria-valuenow", Math.round(pane.offsetWidth));
    divider.setAttribute("aria-valuemin", Math.round(limit("min")));
    divider.setAttribute("aria-valuemax", Math.round(limit("max")));
  };
  const set = (width) => {
    if (width === null) delete widths[name];
    else widths[name] = Math.round(Math.max(limit("min"), Math.min(limit("max"), width)));
    if (width === null) root.style.removeProperty(`--${name}`);
    else root.style.setProperty(`--${name}`, `${widths[name]}px`);
    localStorage.setItem("pane-widths", JSON.stringify(widths));
    say();
  };
  divider.addEventListener("keydown", (event) => {
    const width = {
      ArrowRight: pane.offsetWidth + STEP * direction, ArrowLeft: pane.offsetWidth - STEP * direction,
      Home: limit("min"), End: limit("max"), Enter: null,
    }[event.key];
    if (width === undefined) return;
    event.preventDefault();
    set(width);
  });
  divider.addEventListener("pointerdown", (event) => {
    const from = event.clientX, width = pane.offsetWidth;
    event.preventDefault();
    divider.setPointerCapture(event.pointerId);
    divider.onpointermove = (move) => set(width + (move.clientX - from) * direction);
    divider.onpointerup = divider.onpointercancel = () => { divider.onpointermove = null; };
  });
  divider.addEventListener("dblclick", () => set(null));
  addEventListener("resize", say);
  pane.append(divider);
  say();
}

if (panes.querySelector('[data-part="list"]')) dividers.forEach(add);

/** A phone's keyboard covers the page without making it smaller: the panes end above it. */
visualViewport?.addEventListener("resize", () => {
  const covered = innerHeight - visualViewport.height > 120 && visualViewport.scale === 1;
  if (covered) root.style.setProperty("--height", `${visualViewport.height}px`);
  else root.style.removeProperty("--height");
});
