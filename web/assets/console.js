// Makes the console live: a socket says what moved, the page fetches its parts again. Everything works without it.

const parts = ["views", "list", "work", "side"];
const preferences = JSON.parse(document.body.dataset.preferences);
const offline = document.querySelector(".offline");
let refreshing = null;
let again = false;

/** Fetch the page's parts and put in those that changed; what is being typed and where one reads stays. */
async function refresh() {
  if (!document.querySelector('[data-part="list"]')) return;
  if (refreshing) { again = true; return refreshing; }
  refreshing = (async () => {
    try {
      const response = await fetch(location.href, { headers: { "x-parts": "yes" } });
      if (response.redirected) { location.href = response.url; return; }
      if (!response.ok) return;
      const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
      document.dispatchEvent(new CustomEvent("parts", { detail: fresh }));
      for (const name of parts) replace(name, fresh);
      notice();
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
  const active = document.activeElement;
  if (name === "side" && !keepOpen(old, next)) return;
  if (name === "list" && old.contains(document.activeElement) && document.activeElement.matches("input")) return;
  const atEnd = old.scrollHeight - old.scrollTop - old.clientHeight < 80;
  const top = old.scrollTop;
  if (name === "work") {
    // The composer is not touched: somebody may be writing in it.
    const composer = old.querySelector(".composer");
    const placeholder = next.querySelector(".composer");
    if (composer && placeholder) placeholder.replaceWith(composer);
    old.replaceChildren(...next.childNodes);
    old.dataset.version = next.dataset.version;
    if (composer?.contains(active)) active.focus({ preventScroll: true });
  } else {
    old.replaceChildren(...next.childNodes);
    if (old.contains(active)) active.focus({ preventScroll: true });
  }
  old.scrollTop = name === "work" && atEnd ? old.scrollHeight : top;
}

/** What somebody has open beside the conversation stays as it is; false if there is no place for it any more. */
function keepOpen(old, next) {
  const name = (panel) => panel.id || panel.querySelector("summary").textContent;
  const open = [...old.querySelectorAll("details[open]:not(details details)")];
  const places = [...next.querySelectorAll("details:not(details details)")];
  const pairs = open.map((panel) => [panel, places.find((place) => name(place) === name(panel))]);
  if (pairs.some(([, place]) => !place)) return false;
  for (const [panel, place] of pairs) place.replaceWith(panel);
  return true;
}

/** The live socket: reconnects with growing pauses and looks at everything again after each gap. */
let pause = 500;
let socketNow = null;
let typedAt = 0;
/** Tell colleagues which ticket is open here, and whether somebody is writing. */
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
function listen() {
  const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/console/live`);
  let silence;
  const heard = () => { clearTimeout(silence); silence = setTimeout(() => socket.close(), 50000); };
  socketNow = socket;
  socket.onopen = () => { pause = 500; offline.hidden = true; heard(); present(); refresh(); };
  socket.onmessage = (event) => { heard(); if (Object.keys(JSON.parse(event.data).tickets).length) refresh(); };
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
  const typing = event.target.closest("textarea, input, select, dialog");
  if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k") {
    event.preventDefault();
    openPalette();
    return;
  }
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.form) {
    event.preventDefault();
    event.target.form.requestSubmit();
    return;
  }
  if (typing) { if (event.key === "Escape" && !event.target.closest("dialog")) event.target.blur(); return; }
  if (event.ctrlKey || event.metaKey || event.altKey || !preferences.shortcuts) return;
  const action = {
    j: () => move(1), k: () => move(-1), r: () => write("reply"), n: () => write("note"), t: takeOver, e: resolve,
    i: () => insert(), "/": () => document.getElementById("q")?.select(), "?": openSheet,
  }[event.key];
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
function openSheet() { document.querySelector(".sheet").showModal(); }
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-open]")) { event.preventDefault(); resolve(); }
  if (event.target.closest("[data-insert]")) insert();
});

// -- the palette: commands, and what can be inserted into a reply ---------------------------------------------------

const palette = document.querySelector(".palette");
const field = palette.querySelector("input");
const options = palette.querySelector("ul");
const words = palette.querySelector("template").dataset;
let source = async () => [];

/** Everything this page can do, taken from the page itself: its links and its forms. */
function commands() {
  const found = [...document.querySelectorAll(".views li a")].map((link) => ({ title: link.querySelector("span").textContent, run: () => link.click() }));
  for (const panel of document.querySelectorAll(".side .do")) {
    found.push({ title: panel.querySelector("summary").firstChild.textContent, run: () => { panel.open = true; panel.querySelector("select, textarea")?.focus(); } });
  }
  for (const button of document.querySelectorAll(".head form button")) found.push({ title: button.firstChild.textContent.trim(), run: () => button.click() });
  for (const label of document.querySelectorAll(".composer .tabs label")) found.push({ title: label.firstChild.textContent.trim(), run: () => write(label.htmlFor.slice(5)) });
  found.push({ title: words.replies, run: () => { location.href = "/console/replies"; } });
  found.push({ title: words.me, run: () => { location.href = "/console/me"; } });
  found.push({ title: words.shortcuts, run: openSheet });
  return found;
}

function openPalette() {
  const all = commands();
  source = async (typed) => {
    const fitting = all.filter(({ title }) => title.toLowerCase().includes(typed.toLowerCase()));
    if (typed) fitting.push({ title: words.search.replace("{words}", typed), run: () => { location.href = `/console/search?q=${encodeURIComponent(typed)}`; } });
    return fitting;
  };
  show(words.ask);
}

/** Choose a ready answer or an article; it goes where the cursor stands. */
function insert() {
  const button = document.querySelector("[data-insert]");
  const box = document.getElementById("reply-text");
  if (!button || !box) return;
  source = async (typed) => {
    const response = await fetch(`${button.dataset.insert}?q=${encodeURIComponent(typed)}`);
    return (await response.json()).map(({ title, text }) => ({ title, hint: text, run: () => {
      write("reply");
      box.setRangeText(text, box.selectionStart, box.selectionEnd, "end");
      box.dispatchEvent(new Event("input"));
    } }));
  };
  show(words.insert);
}

async function show(question) {
  field.value = "";
  field.placeholder = question;
  field.setAttribute("aria-label", question);
  palette.showModal();
  await list();
}
async function list() {
  const asked = field.value.trim();
  const found = await source(asked);
  if (asked !== field.value.trim()) return;
  options.replaceChildren(...found.map(({ title, hint, run }, place) => {
    const item = document.createElement("li");
    item.role = "option";
    item.id = `command-${place}`;
    item.append(title);
    if (hint) {
      const small = document.createElement("span");
      small.className = "meta";
      small.textContent = hint;
      item.append(small);
    }
    item.onclick = () => { palette.close(); run(); };
    return item;
  }));
  choose(0);
}
function choose(place) {
  const items = [...options.children];
  items.forEach((item, at) => item.setAttribute("aria-selected", at === place));
  if (items[place]) { field.setAttribute("aria-activedescendant", items[place].id); items[place].scrollIntoView({ block: "nearest" }); }
}
field.addEventListener("input", list);
field.addEventListener("keydown", (event) => {
  const items = [...options.children];
  const at = items.findIndex((item) => item.getAttribute("aria-selected") === "true");
  if (event.key === "ArrowDown") choose(Math.min(items.length - 1, at + 1));
  else if (event.key === "ArrowUp") choose(Math.max(0, at - 1));
  else if (event.key === "Enter") items[at]?.click();
  else return;
  event.preventDefault();
});

/** A formatted mail is loaded into a sandbox when somebody wants to see it. */
document.addEventListener("toggle", (event) => {
  const panel = event.target;
  if (!panel.open || !panel.dataset?.frame || panel.querySelector("iframe")) return;
  const frame = document.createElement("iframe");
  frame.setAttribute("sandbox", "");
  frame.title = panel.querySelector("summary").textContent;
  frame.src = panel.dataset.frame;
  panel.append(frame);
}, true);

// -- writing articles -----------------------------------------------------------------------------------------------

const editor = document.querySelector("form[data-preview]");
if (editor) {
  const text = editor.elements.body, preview = editor.querySelector(".article");
  let later;
  const send = (address, data) => { data.append("csrf", editor.elements.csrf.value); return fetch(address, { method: "POST", body: data }); };
  text.addEventListener("input", () => {
    clearTimeout(later);
    later = setTimeout(async () => {
      const data = new FormData();
      data.append("body", text.value);
      const response = await send(editor.dataset.preview, data);
      if (response.ok) preview.innerHTML = await response.text();
    }, 250);
  });
  text.addEventListener("paste", async (event) => {
    const file = [...event.clipboardData.files].find((one) => one.type.startsWith("image/"));
    if (!file) return;
    event.preventDefault();
    const data = new FormData();
    data.append("file", file);
    const response = await send(editor.dataset.images, data);
    const said = await response.json();
    text.setRangeText(response.ok ? said.markdown : `(${said.detail})`, text.selectionStart, text.selectionEnd, "end");
    text.dispatchEvent(new Event("input"));
  });
}

// -- noticing -------------------------------------------------------------------------------------------------------

const title = document.title;
let known = waiting();

/** How many tickets want this agent: those nobody has, and unread ones in the list of one's own. */
function waiting() {
  return ["person", "mine"].reduce((sum, view) => sum + Number(document.querySelector(`[data-count="${view}"]`)?.textContent ?? 0), 0)
    + document.querySelectorAll(".row.unread").length;
}
function notice() {
  const now = waiting();
  if (preferences.badge) document.title = now ? `(${now}) ${title}` : title;
  if (now > known) {
    if (preferences.sound) chime();
    if (preferences.desktop && document.hidden && window.Notification?.permission === "granted") {
      const first = document.querySelector(".row.unread, .row");
      new Notification(document.querySelector(".brand span").textContent, { body: first?.querySelector("strong").firstChild.textContent ?? "", tag: "firstline" });
    }
  }
  known = now;
}
/** Two short soft tones, made here: no file to load. A browser that wants a click first stays silent. */
function chime() {
  const context = new AudioContext();
  for (const [pitch, at] of [[660, 0], [880, 0.12]]) {
    const tone = context.createOscillator(), volume = context.createGain();
    tone.frequency.value = pitch;
    volume.gain.setValueAtTime(0.08, context.currentTime + at);
    volume.gain.exponentialRampToValueAtTime(0.001, context.currentTime + at + 0.2);
    tone.connect(volume).connect(context.destination);
    tone.start(context.currentTime + at);
    tone.stop(context.currentTime + at + 0.25);
  }
  setTimeout(() => context.close(), 600);
}
document.querySelector("[data-asks-permission]")?.addEventListener("change", (event) => {
  if (event.target.checked) window.Notification?.requestPermission();
});

for (const button of document.querySelectorAll("[data-insert]")) button.hidden = false;
drafts();
notice();
const work = document.querySelector('[data-part="work"]');
if (work?.dataset.ticket) work.scrollTop = work.scrollHeight;
listen();
