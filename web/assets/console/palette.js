// The palette: commands, and what can be inserted into a reply.

import { show as openDrawer } from "./drawers.js";
import { write } from "./composer.js";
import { forPicked } from "./picking.js";

const palette = document.querySelector(".palette");
const field = palette.querySelector("input");
const options = palette.querySelector("ul");
const words = palette.querySelector("template").dataset;
let source = async () => [];

export function openSheet() { document.querySelector(".sheet").showModal(); }

/** Everything this page can do, taken from the page itself: its links and its forms. */
function commands() {
  const found = [...document.querySelectorAll(".views li a")].map((link) => ({ title: link.querySelector("span").textContent, run: () => link.click() }));
  for (const panel of document.querySelectorAll(".side .do")) {
    found.push({ title: panel.querySelector("summary").firstChild.textContent, run: () => unfold(panel) });
  }
  for (const { title, run } of forPicked()) found.push({ title, run });
  for (const button of document.querySelectorAll(".head form button")) found.push({ title: button.firstChild.textContent.trim(), run: () => button.click() });
  for (const label of document.querySelectorAll(".composer .tabs label")) found.push({ title: label.firstChild.textContent.trim(), run: () => write(label.htmlFor.slice(5)) });
  found.push({ title: words.me, run: () => { location.href = "/console/me"; } });
  found.push({ title: words.shortcuts, run: openSheet });
  return found;
}

/** Open one of the sidebar's forms and stand in its first field. */
export function unfold(panel) {
  openDrawer(panel.closest("[data-part]"));
  panel.open = true;
  panel.querySelector("select, textarea, [type=search]").focus();
}

export function openPalette() {
  const all = commands();
  source = async (typed) => {
    const at = ({ title }) => title.toLowerCase().indexOf(typed.toLowerCase());
    // What begins with the words comes first.
    const fitting = all.filter((one) => at(one) >= 0).sort((one, other) => Math.min(at(one), 1) - Math.min(at(other), 1));
    if (typed) fitting.push({ title: words.search.replace("{words}", typed), run: () => { location.href = `/console/search?q=${encodeURIComponent(typed)}`; } });
    return fitting;
  };
  show(words.ask);
}

/** Choose a ready answer or an article, perhaps by some words already; it goes where the cursor stands. */
export function insert(wanted = "") {
  const button = document.querySelector("[data-insert]");
  const box = document.getElementById("reply-text");
  if (!button || !box) return;
  source = async (typed) => {
    const response = await fetch(`${button.dataset.insert}?q=${encodeURIComponent(typed)}`);
    return (await response.json()).map(({ title, text, key }) => ({ title, hint: text, run: () => {
      write("reply");
      if (key) box.form.elements.article.value = key;
      box.setRangeText(text, box.selectionStart, box.selectionEnd, "end");
      box.dispatchEvent(new Event("input"));
    } }));
  };
  show(words.insert, wanted);
}

async function show(question, typed = "") {
  field.value = typed;
  field.placeholder = question;
  field.setAttribute("aria-label", question);
  palette.showModal();
  await list();
}

async function list() {
  const asked = field.value.trim();
  const found = await source(asked);
  if (asked !== field.value.trim()) return;
  options.replaceChildren(...found.map(({ title, hint, run }, place) => {
    const item = document.createElement("li");
    item.role = "option";
    item.id = `command-${place}`;
    item.append(title);
    if (hint) {
      const small = document.createElement("span");
      small.className = "meta";
      small.textContent = hint;
      item.append(small);
    }
    item.onclick = () => { palette.close(); run(); };
    return item;
  }));
  choose(0);
}

function choose(place) {
  const items = [...options.children];
  items.forEach((item, at) => item.setAttribute("aria-selected", at === place));
  if (items[place]) { field.setAttribute("aria-activedescendant", items[place].id); items[place].scrollIntoView({ block: "nearest" }); }
}

field.addEventListener("input", list);
field.addEventListener("keydown", (event) => {
  const items = [...options.children];
  const at = items.findIndex((item) => item.getAttribute("aria-selected") === "true");
  if (event.key === "ArrowDown") choose(Math.min(items.length - 1, at + 1));
  else if (event.key === "ArrowUp") choose(Math.max(0, at - 1));
  else if (event.key === "Enter") items[at]?.click();
  else return;
  event.preventDefault();
});
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-insert], [data-insert-words]");
  if (button) insert(button.dataset.insertWords);
});
for (const button of document.querySelectorAll("[data-insert], [data-insert-words]")) button.hidden = false;
