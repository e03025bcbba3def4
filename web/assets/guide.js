// The guide beside the conversation: opened, answered and kept up to date without leaving the page. Works without it.

const preferences = JSON.parse(document.body.dataset.preferences);
const panel = () => document.getElementById("guide");

/** Fetch the page and show its guide here, which stands in the address for a reload; true if all went well. */
async function load(address, options = {}) {
  let response;
  try {
    response = await fetch(address, { ...options, headers: { "x-parts": "yes" } });
  } catch {
    lost();
    return false;
  }
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html").getElementById("guide");
  if (!fresh) { location.reload(); return false; }
  if (response.ok) history.replaceState(null, "", response.url.split("#")[0]);
  keepChosen(panel(), fresh);
  keepTyped(panel(), fresh, "textarea");
  panel().replaceChildren(...fresh.childNodes);
  goOn();
  return response.ok;
}
function save(form, submitter) {
  return load(form.action.split("#")[0], { method: "POST", body: new URLSearchParams(new FormData(form, submitter)) });
}

/** To what is wrong, else to what is asked now, else to the topic. */
function goOn() {
  for (const wanted of ["[aria-invalid]", "[data-next]", "input[list]"]) {
    const found = panel().querySelector(wanted);
    if (found) { found.focus(); return; }
  }
}

const seen = (guide, slot) => guide.querySelector(`[name="seen.${slot}"]`);

/** Steps that somebody opened or closed stay so, until they are answered. */
function keepChosen(old, next) {
  for (const step of old.querySelectorAll("[data-chosen]")) {
    const slot = step.dataset.step;
    const place = next.querySelector(`[data-step="${slot}"]`);
    if (!place || seen(old, slot)?.value !== seen(next, slot)?.value) continue;
    place.open = step.open;
    place.dataset.chosen = "";
  }
}

const FIELDS = "#guide-topic, [name^='value.'], textarea";
function isTyped(field) {
  if (field.matches("select")) return [...field.options].some((one) => one.selected !== one.defaultSelected);
  return field.value !== field.defaultValue;
}
const typed = (guide, fields = FIELDS) => [...guide.querySelectorAll(fields)].filter(isTyped);
const twin = (guide, field) => guide.querySelector(field.id ? `#${field.id}` : `[name="${field.name}"]`);

/** Fields that somebody is writing in go on as they are, and so does what they are an answer to. */
function keepTyped(old, next, fields) {
  for (const field of typed(old, fields)) {
    const place = twin(next, field);
    if (!place) continue;
    const slot = field.name.replace("value.", "");
    if (slot !== field.name) seen(next, slot).replaceWith(seen(old, slot));
    const step = place.closest("details[data-step]");
    if (step) step.open = true;
    place.replaceWith(field);
  }
}

/** Nothing is taken away: what was typed stands there still. */
function lost() {
  const said = document.createElement("p");
  said.className = "error";
  said.role = "alert";
  said.textContent = panel().dataset.lost;
  panel().querySelector(":scope > .error")?.remove();
  panel().querySelector("summary").after(said);
}

function topic() {
  return panel()?.open ? panel().querySelector(".steps [name=guide]")?.value : undefined;
}

// Opened for the first time it is fetched; open it stands in the address, closed it does not.
document.addEventListener("toggle", (event) => {
  const guide = event.target;
  if (guide.id !== "guide") return;
  if (guide.open && !guide.querySelector("form")) { load(guide.querySelector("a").href.split("#")[0]); return; }
  const address = new URL(location.href);
  if (guide.open && topic()) address.searchParams.set("guide", topic());
  else address.searchParams.delete("guide");
  history.replaceState(null, "", address);
}, true);

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.closest("#guide") || !form.matches("[data-steps], .topic")) return;
  event.preventDefault();
  if (form.matches("[data-steps]")) { save(form, event.submitter); return; }
  // Another topic: what was typed for this one is saved first.
  const address = `${form.action.split("#")[0]}?${new URLSearchParams(new FormData(form))}`;
  const steps = panel().querySelector("[data-steps]");
  if (!steps || !typed(steps).length || await save(steps)) load(address);
});

// Any other form of this page comes back to it with the guide still open.
document.addEventListener("formdata", (event) => {
  if (event.target.method === "post" && topic() && !event.formData.has("guide")) event.formData.append("guide", topic());
});

document.addEventListener("change", (event) => {
  const field = event.target;
  if (field.id === "guide-topic" && [...field.list.options].some((one) => one.value === field.value)) field.form.requestSubmit();
});

document.addEventListener("click", (event) => {
  const step = event.target.closest("[data-step] > summary")?.parentElement;
  if (step) step.dataset.chosen = "";
});

// A step goes into the reply, behind what stands there.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-send]");
  const box = document.getElementById("reply-text");
  if (!button || !box) return;
  event.preventDefault();
  document.getElementById("mode-reply").checked = true;
  const before = box.value.trimEnd();
  box.setRangeText(`${before ? `${before}\n\n` : ""}${button.dataset.send}`, 0, box.value.length, "end");
  box.dispatchEvent(new Event("input", { bubbles: true }));
  box.focus();
});

document.addEventListener("keydown", (event) => {
  // A key held down answers one step, not all of them.
  if (event.repeat && event.key === "Enter" && event.target.closest("#guide")) event.preventDefault();
  if (event.key !== "g" || event.ctrlKey || event.metaKey || event.altKey || !preferences.shortcuts) return;
  if (!panel() || event.target.closest("textarea, input, select, dialog")) return;
  event.preventDefault();
  if (panel().open) goOn();
  else panel().open = true;
});

/** Somebody else or the bot went on: the list follows; what is being typed stays. (The page itself leaves the guide alone.) */
document.addEventListener("parts", ({ detail: fresh }) => {
  const old = panel(), next = fresh.getElementById("guide");
  if (!old?.querySelector(".steps") || !next?.querySelector(".steps") || old.innerHTML === next.innerHTML) return;
  if (typed(old).some((field) => !twin(next, field))) return;
  const at = old.contains(document.activeElement) ? document.activeElement : null;
  const step = at?.closest("[data-step]")?.dataset.step;
  keepChosen(old, next);
  keepTyped(old, next);
  old.replaceChildren(...next.childNodes);
  if (!at) return;
  const again = old.contains(at) ? at : at.name && old.querySelector(`${at.localName}[name="${at.name}"][value="${CSS.escape(at.value)}"]`);
  if (again) again.focus({ preventScroll: true });
  if (!old.contains(document.activeElement)) old.querySelector(step ? `[data-step="${step}"] > summary` : "summary")?.focus({ preventScroll: true });
});
