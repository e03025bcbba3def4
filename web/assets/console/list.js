// The list on the left. It never jumps while one reads: rows that change stay where they are, rows that left are marked,
// and rows that came wait behind "3 new ↑".

import { morph } from "./morph.js";
import { picked } from "./picking.js";

const list = () => document.querySelector('[data-part="list"]');
const rowsOf = (section) => [...section.querySelectorAll("[data-row]")];
let latest = null;

/** Take in what the list says now. At once where nobody can be reading: an empty list, a hidden page. */
export function update(next) {
  const old = list();
  latest = next;
  if (!rowsOf(old).length || (document.hidden && !picked().length)) { settle(); return; }
  const fresh = new Map(rowsOf(next).map((row) => [row.dataset.row, row]));
  const arrived = news();
  mark(rowsOf(old), fresh, arrived.length);
  for (const part of ["h1, h2", ".keep"]) {
    const [here, there] = [old, next].map((section) => section.querySelector(`:scope > :is(${part})`));
    if (here && there) morph(here, there);
  }
  announce(arrived.length);
}

/** Show the list as it is now, with the first of what came in sight. */
export function settle() {
  const old = list();
  if (!old || !latest) return;
  const arrived = news().map((row) => row.dataset.row);
  const wasAsked = old.querySelector(".new-rows")?.contains(document.activeElement);
  for (const chip of old.querySelectorAll(".gone")) chip.remove();
  const next = latest;
  latest = null;
  announce(0);
  morph(old, next);
  for (const row of rowsOf(old)) {
    delete row.dataset.gone;
    delete row.dataset.fresh;
    if (arrived.includes(row.dataset.row)) row.dataset.fresh = "";
  }
  const first = old.querySelector("[data-fresh]");
  if (!document.hidden) first?.scrollIntoView({ block: "nearest" });
  if (wasAsked) first?.querySelector(".row").focus();
}

function news() {
  if (!latest || !list()) return [];
  const known = new Set(rowsOf(list()).map((row) => row.dataset.row));
  return rowsOf(latest).filter((row) => !known.has(row.dataset.row));
}

function mark(rows, fresh, arrived) {
  // What came may have pushed the last rows of a long list over its end: those have not left.
  const pushed = latest.querySelector("[data-more]") ? new Set(rows.slice(rows.length - arrived)) : new Set();
  for (const row of rows) {
    const next = fresh.get(row.dataset.row);
    if (next) {
      delete row.dataset.gone;
      row.querySelector(".gone")?.remove();
      morph(row, next);
    } else if (!pushed.has(row) && row.dataset.gone === undefined) {
      row.dataset.gone = "";
      const chip = document.createElement("span");
      chip.className = "chip gone";
      chip.dataset.kept = "";
      chip.textContent = row.parentElement.dataset.goneWord;
      row.querySelector(".second").append(chip);
    }
  }
}

function announce(count) {
  const pill = list().querySelector(".new-rows");
  pill.hidden = count === 0;
  pill.textContent = count === 1 ? pill.dataset.one : pill.dataset.many.replace("{count}", count);
}

document.addEventListener("click", (event) => { if (event.target.closest(".new-rows")) settle(); });
