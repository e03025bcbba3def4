// Mentioning colleagues in a note: "@" and the first letters offer them.

const field = document.getElementById("note-text");
const offers = document.getElementById("mention-offers");
const words = offers?.dataset;
let names = null;
let begun = -1;

/** Where the "@" before the cursor stands and what follows it; a name may have spaces. */
function fragment() {
  const before = field.value.slice(0, field.selectionStart);
  const found = before.match(/(?:^|[\s([{,;:"'„“])@([^@\n]{0,60})$/u);
  return found ? { at: before.length - found[1].length - 1, typed: found[1].toLowerCase() } : null;
}

async function offer() {
  const found = fragment();
  if (!found) { close(); return; }
  names ??= fetch(words.names).then((response) => response.json()).catch(() => { names = null; return []; });
  const all = await names;
  if (fragment()?.typed !== found.typed) return;
  const fits = (name) => name.startsWith(found.typed) || name.split(/[\s-]/).some((part) => part.startsWith(found.typed));
  const fitting = all.filter((name) => fits(name.toLowerCase()) && name.toLowerCase() !== found.typed.trimEnd()).slice(0, 6);
  if (!fitting.length) { close(); return; }
  begun = found.at;
  offers.replaceChildren(...fitting.map((name, place) => {
    const item = document.createElement("li");
    item.role = "option";
    item.id = `mention-${place}`;
    item.textContent = name;
    item.onpointerdown = (event) => { event.preventDefault(); take(name); };
    return item;
  }));
  offers.hidden = false;
  offers.nextElementSibling.textContent = words.count.replace("{count}", fitting.length);
  choose(0);
}

function choose(place) {
  const items = [...offers.children];
  items.forEach((item, at) => item.setAttribute("aria-selected", at === place));
  field.setAttribute("aria-activedescendant", items[place].id);
}

function take(name) {
  field.setRangeText(`@${name} `, begun, field.selectionStart, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
  close();
}

function close() {
  offers.hidden = true;
  offers.nextElementSibling.textContent = "";
  field.removeAttribute("aria-activedescendant");
}

if (field && offers) {
  field.addEventListener("input", offer);
  field.addEventListener("blur", close);
  field.addEventListener("keydown", (event) => {
    if (offers.hidden || event.ctrlKey || event.metaKey || event.altKey) return;
    const items = [...offers.children];
    const at = items.findIndex((item) => item.getAttribute("aria-selected") === "true");
    if (event.key === "ArrowDown") choose((at + 1) % items.length);
    else if (event.key === "ArrowUp") choose((at + items.length - 1) % items.length);
    else if (event.key === "Enter" || event.key === "Tab") take(items[at].textContent);
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
}
