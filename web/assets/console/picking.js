// Picking several tickets of a list: by its boxes, a range with Shift, by keyboard. What is picked stays picked while one
// looks at a ticket of the same list.

const boxes = () => [...document.querySelectorAll(".pick")];
export const picked = () => boxes().filter((box) => box.checked);
const bar = document.querySelector(".bulk");
const key = () => `picked-${document.querySelector("[data-place]").dataset.place}`;
let last = null;

function say() {
  const count = picked().length;
  const words = bar.querySelector("[data-many]");
  const text = count === 1 ? words.dataset.one : words.dataset.many.replace("{count}", count);
  if (words.textContent !== text) words.textContent = text;
  sessionStorage.setItem(key(), JSON.stringify(picked().map((box) => box.value)));
}

/** Give all boxes between the last one touched and this one its state. */
function range(box) {
  const all = boxes();
  const [from, to] = [all.indexOf(last), all.indexOf(box)].sort((a, b) => a - b);
  if (from >= 0) for (const one of all.slice(from, to + 1)) one.checked = box.checked;
}

function touch(box, withShift) {
  if (withShift && last) range(box);
  last = box;
  say();
}

/** The row where one is: the focused one, else the open ticket's, else the first. */
function here() {
  const rows = [...document.querySelectorAll("[data-row]")];
  return rows.find((row) => row.contains(document.activeElement))
    ?? rows.find((row) => row.querySelector("[aria-current]")) ?? rows[0];
}

export function pick(withShift) {
  const box = here()?.querySelector(".pick");
  if (!box) return;
  box.checked = withShift ? true : !box.checked;
  touch(box, withShift);
  box.closest("[data-row]").querySelector(".row").focus();
}

/** Move through the list without opening anything. */
export function step(by) {
  const rows = [...document.querySelectorAll("[data-row]")];
  const from = rows.some((row) => row.contains(document.activeElement)) || rows.some((row) => row.querySelector("[aria-current]"))
    ? rows.indexOf(here()) : -1;
  const next = rows[Math.max(0, Math.min(rows.length - 1, from + by))];
  next?.querySelector(document.activeElement?.matches(".pick") ? ".pick" : ".row").focus();
}

export function toBar() {
  if (picked().length) bar.querySelector("button.primary").focus();
}

/** What can be done with what is picked, as commands: the bar's buttons and the fields behind its tabs. */
export function forPicked() {
  if (!picked().length) return [];
  const count = bar.querySelector("[data-many]").textContent;
  const buttons = [...bar.querySelectorAll(".buttons button")].map((button) => [button.textContent, () => button.click()]);
  const tabs = [...bar.querySelectorAll(".tabs label")].map((label) => [label.textContent, () => {
    label.control.checked = true;
    bar.querySelector(`fieldset.${label.control.value} :is(select, textarea)`).focus();
  }]);
  return [...buttons, ...tabs].map(([title, run]) => ({ title: `${title} (${count})`, run }));
}

/** True if there was something to let go of. */
export function clear() {
  if (!picked().length) return false;
  const inBar = bar.contains(document.activeElement);
  for (const box of boxes()) box.checked = false;
  say();
  if (inBar) here()?.querySelector(".row").focus();
  return true;
}

if (bar) {
  const before = new Set(JSON.parse(sessionStorage.getItem(key()) ?? "[]"));
  for (const box of boxes()) if (before.has(box.value)) box.checked = true;
  say();
  document.addEventListener("click", (event) => { if (event.target.matches(".pick")) touch(event.target, event.shiftKey); });
  document.addEventListener("keydown", (event) => {
    if (!event.target.closest?.("[data-row]") || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Enter" && event.target.matches(".pick")) {
      // As a form it would be sent; in a list it opens.
      event.preventDefault();
      here().querySelector(".row").click();
      return;
    }
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by) { event.preventDefault(); step(by); }
  });
  bar.addEventListener("reset", (event) => { event.preventDefault(); clear(); });
  bar.addEventListener("submit", () => sessionStorage.removeItem(key()));
  const all = bar.querySelector("[data-pick-all]");
  all.hidden = false;
  all.addEventListener("click", () => { for (const box of boxes()) box.checked = true; say(); });
}
