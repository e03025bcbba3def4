// Makes the console live and quick to use by keyboard. Everything works without it.

import "./console/attaching.js";
import { openCall } from "./console/calls.js";
import { write } from "./console/composer.js";
import { close as closeDrawer } from "./console/drawers.js";
import "./console/editor.js";
import { settle } from "./console/list.js";
import { listen, refresh } from "./console/live.js";
import "./console/mentions.js";
import "./console/merging.js";
import { notice } from "./console/notice.js";
import { insert, openPalette, openSheet, unfold } from "./console/palette.js";
import { clear, pick, step, toBar } from "./console/picking.js";
import "./console/previews.js";
import "./console/widths.js";

const preferences = JSON.parse(document.body.dataset.preferences);
const keys = {
  j: () => move(1), k: () => move(-1), J: () => step(1), K: () => step(-1),
  x: () => pick(false), X: () => pick(true), b: toBar, u: async () => { await refresh(); settle(); },
  r: () => write("reply"), n: () => write("note"), t: takeOver, e: resolve, y: correct, i: () => insert(), c: openCall,
  "/": () => document.getElementById("q")?.select(), "?": openSheet,
};

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("textarea, input:not([type=checkbox], [type=radio], [type=file]), select, dialog");
  if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k") {
    event.preventDefault();
    openPalette();
    return;
  }
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.form && !event.target.matches(".pick")) {
    event.preventDefault();
    const button = event.shiftKey ? event.target.form.querySelector("[name=next]") : event.target.closest("fieldset")?.querySelector("button");
    event.target.form.requestSubmit(button);
    return;
  }
  if (event.key === "Escape" && !event.defaultPrevented && !event.target.closest("dialog")) {
    if (typing && !event.target.closest("[data-open]")) event.target.blur();
    else if (!closeDrawer()) clear();
    return;
  }
  if (typing || event.ctrlKey || event.metaKey || event.altKey || !preferences.shortcuts) return;
  const action = keys[event.key];
  if (action) { event.preventDefault(); action(); }
});

function move(by) {
  const rows = [...document.querySelectorAll(".row")];
  const current = rows.findIndex((row) => row.hasAttribute("aria-current"));
  rows[Math.max(0, Math.min(rows.length - 1, current + by))]?.click();
}
function correct() {
  const panel = document.querySelector(".correct:has([name=intent])");
  if (panel) unfold(panel);
}
function takeOver() { document.querySelector('form[data-key="t"]')?.requestSubmit(); }
function resolve() {
  const panel = document.getElementById("resolve");
  if (panel) unfold(panel);
}
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-open-panel]")) { event.preventDefault(); resolve(); }
});

notice();
document.querySelector(".told, .report")?.focus({ preventScroll: true });
const work = document.querySelector('[data-part="work"]');
if (work?.dataset.ticket) work.scrollTop = work.scrollHeight;
listen();
