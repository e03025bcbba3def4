// The telephone on every page: calls that concern the reader, as they ring; "c" writes one down.

import { morph } from "./morph.js";
import { ring } from "./notice.js";

// A call that was saved need not be kept in this browser any more.
const saved = new URLSearchParams(location.search).get("logged");
if (saved) localStorage.removeItem(`draft-call-${saved}`);

const panel = () => document.getElementById("calls-now");
const ringing = () => [...panel().querySelectorAll("[data-rings]")].map((call) => call.id);
let heard = new Set(ringing());

export async function look() {
  const written = document.querySelector(".quick-log")?.elements.call.value ?? "";
  const response = await fetch(`/console/calls/now?but=${written}`);
  if (!response.ok || response.redirected) return;
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html").getElementById("calls-now");
  if (!fresh) return;
  morph(panel(), fresh);
  panel().hidden = fresh.hidden;
  for (const call of panel().querySelectorAll("[data-rings]")) {
    if (!heard.has(call.id)) ring(call.dataset.rings, call.querySelector("strong").textContent);
  }
  heard = new Set(ringing());
}

/** The call that goes on, the ticket that is answered by calling, or a new one. */
export function openCall() {
  const link = panel().querySelector("[data-log]") ?? document.querySelector(".composer .calling .primary");
  location.href = link?.href ?? "/console/call";
}

document.addEventListener("calls", () => { look().catch(() => {}); });
document.addEventListener("submit", (event) => {
  if (!event.target.matches(".calls-now form")) return;
  event.preventDefault();
  fetch(event.target.action, { method: "POST", body: new FormData(event.target), redirect: "manual" }).then(look).catch(() => {});
});
