// What makes forms kinder: fields that belong to a choice, mistakes one is taken to, and parts that stay up to date.

/** A field that only matters while another one, which is shown itself, has one of these values. */
const fields = [...document.querySelectorAll("[data-when]")];
function follow() {
  for (const field of fields) {
    const other = document.getElementsByName(field.dataset.when)[0];
    if (!other) continue;
    const value = other.type === "checkbox" ? (other.checked ? "yes" : "no") : other.value;
    field.hidden = other.closest("[data-when][hidden]") !== null || !field.dataset.is.split(" ").includes(value);
  }
  for (const section of document.querySelectorAll("fieldset:has(> [data-when])")) {
    section.hidden = section.querySelector(":scope > div:not([hidden])") === null;
  }
}
for (const name of new Set(fields.map((field) => field.dataset.when))) {
  document.getElementsByName(name)[0]?.addEventListener("change", follow);
}
follow();

document.querySelector("[data-focus]")?.focus();

/** Parts that follow what happens elsewhere, such as an inbox's health; what somebody is in the middle of stays. */
async function refresh() {
  if (document.hidden) return;
  const response = await fetch(location.href);
  if (!response.ok || response.redirected) return;
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  for (const part of document.querySelectorAll("[data-follows]")) {
    const next = fresh.getElementById(part.id);
    const busy = part.contains(document.activeElement) && part !== document.activeElement;
    if (next && !busy && next.innerHTML !== part.innerHTML) part.innerHTML = next.innerHTML;
  }
}
if (document.querySelector("[data-follows]")) setInterval(() => refresh().catch(() => {}), 4000);

/** A form with a preview shows it while one types; the button does the same without this script. */
const previews = document.querySelector("form[data-previews]");
if (previews) {
  let later, asked = 0;
  const look = async () => {
    const number = ++asked, data = new FormData(previews);
    data.append("do", "preview");
    const response = await fetch(location.href, { method: "POST", body: data });
    if (number !== asked) return;
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    for (const id of ["preview", "regions"]) {
      const old = document.getElementById(id), next = fresh.getElementById(id);
      if (!old.contains(document.activeElement) && old.innerHTML !== next.innerHTML) old.innerHTML = next.innerHTML;
    }
  };
  previews.addEventListener("input", () => { clearTimeout(later); later = setTimeout(() => look().catch(() => {}), 300); });
}
