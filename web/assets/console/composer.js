// Writing to a person or to colleagues: the two modes, and drafts that survive a reload.

export function write(mode) {
  const choice = document.getElementById(`mode-${mode}`);
  if (!choice) return;
  choice.checked = true;
  (document.getElementById(`${mode}-text`) ?? document.querySelector(`.composer .as-${mode} a`)).focus();
}

const box = document.querySelector(".composer");
// What was sent need not be kept any more; until the desk says so (the network may be gone, or the session), it is.
const said = new URLSearchParams(location.search).get("said");
for (const field of box?.querySelectorAll("[data-draft-key]") ?? []) {
  const key = `draft-${box.dataset.draft}-${field.dataset.draftKey}`;
  if (said === field.dataset.draftKey) localStorage.removeItem(key);
  if (field.value) localStorage.setItem(key, field.value);
  else field.value = localStorage.getItem(key) ?? "";
  field.addEventListener("input", () => localStorage.setItem(key, field.value));
}
