// Makes the console live: a socket says what moved, the page fetches its parts again. Everything works without it.

const parts = ["views", "list", "work", "side"];
const offline = document.querySelector(".offline");
let refreshing = null;
let again = false;

/** Fetch the page's parts and put in those that changed; what is being typed and where one reads stays. */
async function refresh() {
  if (refreshing) { again = true; return refreshing; }
  refreshing = (async () => {
    try {
      const response = await fetch(location.href, { headers: { "x-parts": "yes" } });
      if (response.redirected) { location.href = response.url; return; }
      if (!response.ok) return;
      const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
      for (const name of parts) replace(name, fresh);
    } finally {
      refreshing = null;
      if (again) { again = false; refresh(); }
    }
  })();
  return refreshing;
}

function replace(name, fresh) {
  const old = document.querySelector(`[data-part="${name}"]`);
  const next = fresh.querySelector(`[data-part="${name}"]`);
  if (!old || !next || old.innerHTML === next.innerHTML) return;
  if (name === "side" && old.querySelector("details[open] form")) return;
  const atEnd = old.scrollHeight - old.scrollTop - old.clientHeight < 80;
  const top = old.scrollTop;
  if (name === "work") {
    // The composer is not touched: somebody may be writing in it.
    const composer = old.querySelector(".composer");
    const placeholder = next.querySelector(".composer");
    const active = document.activeElement;
    if (composer && placeholder) placeholder.replaceWith(composer);
    old.replaceChildren(...next.childNodes);
    old.dataset.version = next.dataset.version;
    if (composer?.contains(active)) active.focus({ preventScroll: true });
  } else {
    old.innerHTML = next.innerHTML;
  }
  old.scrollTop = name === "work" && atEnd ? old.scrollHeight : top;
}

/** The live socket: reconnects with growing pauses and looks at everything again after each gap. */
let pause = 500;
function listen() {
  const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/console/live`);
  let silence;
  const heard = () => { clearTimeout(silence); silence = setTimeout(() => socket.close(), 50000); };
  socket.onopen = () => { pause = 500; offline.hidden = true; heard(); refresh(); };
  socket.onmessage = (event) => { heard(); if (Object.keys(JSON.parse(event.data).tickets).length) refresh(); };
  socket.onclose = (event) => {
    clearTimeout(silence);
    if (event.code === 4401) { location.reload(); return; }
    offline.hidden = false;
    setTimeout(listen, pause);
    pause = Math.min(pause * 2, 10000);
  };
}

/** Drafts survive a reload; sending clears them. */
function drafts() {
  const box = document.querySelector(".composer");
  if (!box) return;
  for (const field of box.querySelectorAll("[data-draft-key]")) {
    const key = `draft-${box.dataset.draft}-${field.dataset.draftKey}`;
    if (!field.value) field.value = localStorage.getItem(key) ?? "";
    field.addEventListener("input", () => localStorage.setItem(key, field.value));
    field.form.addEventListener("submit", () => localStorage.removeItem(key));
  }
}

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("textarea, input, select");
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.form) {
    event.preventDefault();
    event.target.form.requestSubmit();
    return;
  }
  if (typing) { if (event.key === "Escape") event.target.blur(); return; }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const action = { j: () => move(1), k: () => move(-1), r: () => write("reply"), n: () => write("note"), t: takeOver, e: resolve }[event.key];
  if (action) { event.preventDefault(); action(); }
});

function move(step) {
  const rows = [...document.querySelectorAll(".row")];
  const current = rows.findIndex((row) => row.hasAttribute("aria-current"));
  rows[Math.max(0, Math.min(rows.length - 1, current + step))]?.click();
}
function write(mode) {
  const choice = document.getElementById(`mode-${mode}`);
  if (!choice) return;
  choice.checked = true;
  document.getElementById(`${mode}-text`).focus();
}
function takeOver() { document.querySelector('form[data-key="t"]')?.requestSubmit(); }
function resolve() {
  const panel = document.getElementById("resolve");
  if (!panel) return;
  panel.open = true;
  panel.querySelector("select").focus();
}
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-open]")) { event.preventDefault(); resolve(); }
});

drafts();
const work = document.querySelector('[data-part="work"]');
if (work?.dataset.ticket) work.scrollTop = work.scrollHeight;
listen();
