// The live socket says what moved; the page fetches its parts again and puts in what differs.

import { update } from "./list.js";
import { morph } from "./morph.js";
import { notice } from "./notice.js";

/** Where this page is found again; it may have come as the answer to a form. */
if (document.body.dataset.address) history.replaceState(null, "", document.body.dataset.address);
const offline = document.querySelector(".offline");
let refreshing = null;
let again = false;

/** Fetch the page's parts and put in what changed; what is being typed and where one reads stays. */
export async function refresh() {
  if (!document.querySelector("[data-live]")) return;
  if (refreshing) { again = true; return refreshing; }
  refreshing = (async () => {
    try {
      // What nobody looks at is not read yet.
      const response = await fetch(location.href, { headers: { "x-parts": document.hidden ? "unseen" : "yes" } });
      if (response.redirected) { location.href = response.url; return; }
      if (!response.ok) return;
      const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
      document.dispatchEvent(new CustomEvent("parts", { detail: fresh }));
      for (const old of document.querySelectorAll("[data-part]")) {
        const next = fresh.querySelector(`[data-part="${old.dataset.part}"]`);
        if (next) replace(old, next);
      }
      notice();
    } finally {
      refreshing = null;
      if (again) { again = false; refresh(); }
    }
  })();
  return refreshing;
}

function replace(old, next) {
  if (old.dataset.part === "list") { update(next); return; }
  const atEnd = old.dataset.part === "work" && old.scrollHeight - old.scrollTop - old.clientHeight < 80;
  morph(old, next);
  if (atEnd) old.scrollTop = old.scrollHeight;
}

/** Tell colleagues which ticket is open here, and whether somebody is writing. */
let socketNow = null;
let typedAt = 0;
function present(typing = false) {
  const ticket = document.querySelector("[data-ticket]")?.dataset.ticket;
  if (socketNow?.readyState === WebSocket.OPEN) socketNow.send(JSON.stringify({ viewing: ticket ? Number(ticket) : null, typing }));
}
setInterval(() => present(Date.now() - typedAt < 5000), 15000);
document.addEventListener("input", (event) => {
  if (!event.target.closest(".composer") || Date.now() - typedAt < 3000) return;
  typedAt = Date.now();
  present(true);
});

/** Reconnects with growing pauses and looks at everything again after each gap. */
let pause = 500;
export function listen() {
  const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/console/live`);
  let silence;
  const heard = () => { clearTimeout(silence); silence = setTimeout(() => socket.close(), 50000); };
  socketNow = socket;
  socket.onopen = () => { pause = 500; offline.hidden = true; heard(); present(); refresh(); document.dispatchEvent(new Event("calls")); };
  socket.onmessage = (event) => {
    heard();
    const { tickets, quarantine, calls } = JSON.parse(event.data);
    if (calls) document.dispatchEvent(new Event("calls"));
    if (quarantine || Object.keys(tickets).length) refresh();
  };
  socket.onclose = (event) => {
    clearTimeout(silence);
    if (event.code === 4401) { location.reload(); return; }
    offline.hidden = false;
    setTimeout(listen, pause);
    pause = Math.min(pause * 2, 10000);
  };
}

addEventListener("offline", () => { offline.hidden = false; socketNow?.close(); });
addEventListener("online", () => { pause = 500; });
document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
