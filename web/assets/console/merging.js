// Finding the ticket that this one belongs to, while one types.

let later, asked = 0;

document.addEventListener("input", (event) => {
  const field = event.target.closest("[data-targets]");
  if (!field) return;
  clearTimeout(later);
  later = setTimeout(() => find(field).catch(() => {}), 200);
});

async function find(field) {
  const number = ++asked;
  const response = await fetch(`${field.dataset.targets}?find=${encodeURIComponent(field.value)}`);
  if (number !== asked || !response.ok || response.redirected) return;
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html").querySelector("fieldset");
  field.form.querySelector(".targets").replaceWith(document.importNode(fresh, true));
}
