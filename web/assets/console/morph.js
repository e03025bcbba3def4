// Brings a piece of the page to what a fresh copy says and touches only what differs, so that focus, scrolling, what is
// being typed and what is unfolded stay as they are.

/** What belongs to the reader or to the script, never to the server. */
const ours = new Set(["open", "hidden", "style", "inert", "role", "checked", "data-open", "data-gone", "data-fresh"]);

const keyOf = (node) => node.dataset?.row ?? node.id;
/** Added by the script, or said once by the server: no fresh copy has it. */
const kept = (node) => node.dataset?.kept !== undefined;
/** Where somebody may be writing. */
const still = (node) => node.nodeName === "TEXTAREA" || node.matches("[data-still], details[open] form");

export function morph(old, next) {
  for (const { name, value } of next.attributes) {
    if (!ours.has(name) && old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  for (const { name } of [...old.attributes]) {
    if (!ours.has(name) && !next.hasAttribute(name)) old.removeAttribute(name);
  }
  if (!still(old)) children(old, next);
}

function children(old, next) {
  const keyed = new Map([...old.children].filter(keyOf).map((child) => [keyOf(child), child]));
  let at = old.firstChild;
  for (const wanted of [...next.childNodes]) {
    while (at && kept(at)) at = at.nextSibling;
    if (kept(wanted) && [...old.children].some((child) => kept(child) && child.className === wanted.className)) continue;
    const found = keyOf(wanted) ? keyed.get(keyOf(wanted)) : at && !keyOf(at) && at.nodeName === wanted.nodeName && at;
    if (!found || kept(wanted)) {
      old.insertBefore(document.importNode(wanted, true), at);
      continue;
    }
    if (found === at) at = at.nextSibling;
    else old.insertBefore(found, at);
    if (found.nodeType === Node.ELEMENT_NODE) morph(found, wanted);
    else if (found.nodeValue !== wanted.nodeValue) found.nodeValue = wanted.nodeValue;
  }
  while (at) {
    const gone = at;
    at = at.nextSibling;
    if (!kept(gone)) gone.remove();
  }
}
