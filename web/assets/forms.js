// What makes forms kinder: fields that belong to a choice, mistakes one is taken to, and parts that stay up to date.

/** A field that only matters while another one has one of these values. */
for (const part of document.querySelectorAll("[data-when]")) {
  const other = document.getElementsByName(part.dataset.when)[0];
  const wanted = part.dataset.is.split(" ");
  const value = () => (other.type === "checkbox" ? (other.checked ? "yes" : "no") : other.value);
  const follow = () => { part.hidden = !wanted.includes(value()); };
  other?.addEventListener("change", follow);
  if (other) follow();
}

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
