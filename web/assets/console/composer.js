// Writing to a person or to colleagues: the two modes, and drafts that survive a reload.

export function write(mode) {
  const choice = document.getElementById(`mode-${mode}`);
  if (!choice) return;
  choice.checked = true;
  (document.getElementById(`${mode}-text`) ?? document.querySelector(`.composer .as-${mode} a`)).focus();
}

const box = document.querySelector(".composer");
for (const field of box?.querySelectorAll("[data-draft-key]") ?? []) {
  const key = `draft-${box.dataset.draft}-${field.dataset.draftKey}`;
  if (!field.value) field.value = localStorage.getItem(key) ?? "";
  field.addEventListener("input", () => localStorage.setItem(key, field.value));
  field.form.addEventListener("submit", () => localStorage.removeItem(key));
}
