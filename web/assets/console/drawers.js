// On a narrow screen the views and the sidebar are drawers: a button opens one, Escape or a click beside it closes it,
// and the keyboard stays inside it meanwhile. Without the script they open by their address (#side).

let opener = null;
const open = () => document.querySelector("[data-open]");
const others = (panel) => [...panel.parentElement.children, ...document.querySelectorAll(".skip")].filter((other) => other !== panel);
const isDrawer = (panel) => getComputedStyle(panel).position === "fixed";

/** Open a pane if it is a drawer at this width. */
export function show(panel) {
  if (!panel || !isDrawer(panel) || panel === open()) return;
  close();
  opener = document.activeElement;
  panel.dataset.open = "";
  for (const other of others(panel)) other.inert = true;
  panel.querySelector("a, button, summary").focus();
}

/** True if one was open. */
export function close() {
  const panel = open();
  if (!panel) return false;
  delete panel.dataset.open;
  for (const other of others(panel)) other.inert = false;
  opener?.focus();
  return true;
}

for (const link of document.querySelectorAll("[data-drawer]")) link.setAttribute("role", "button");
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-drawer]");
  if (link) {
    event.preventDefault();
    show(document.getElementById(link.dataset.drawer));
  } else if (event.target.closest("[data-close]") || (open() && !open().contains(event.target) && !event.target.closest("dialog"))) {
    if (close()) event.preventDefault();
  }
});
// A wider window shows the pane in its place again.
addEventListener("resize", () => { if (open() && !isDrawer(open())) close(); });
