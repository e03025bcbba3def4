// <firstline-chat>: the desk's web chat as one custom element without dependencies.
//
//   <script type="module" src="https://desk.example/widget.js"></script>
//   <firstline-chat lang="de"></firstline-chat>
//
// Attributes: server (default: where this script came from), inbox (default: main), lang (de or en), open.
// Colours follow the page's scheme and can be set: --firstline-accent, --firstline-on-accent.
//
// In German the server says whether people are spoken to with Sie or du.
//
// The server holds the conversation; this element shows what lies behind a cursor. A socket says "look again", polling
// does the same when there is no socket, and whatever was written is kept here until the server has it.

const TEXTS = {
  de: {
    launcher: "Hilfe-Chat öffnen", close: "Chat schließen", title: "Service Desk",
    bot: "Digitaler Assistent · antwortet sofort", queue: "Eine Person übernimmt gleich", agent: "Service Desk",
    greeting: "Guten Tag! Ich bin ein digitaler Assistent, kein Mensch. Ich helfe bei IT-Problemen sofort und hole auf Wunsch eine Person dazu. Worum geht es?",
    topics: ["Ich habe mein Passwort vergessen", "Das VPN verbindet sich nicht", "Der Drucker druckt nicht"],
    human: "Mit einer Person sprechen", write: "Nachricht schreiben", send: "Senden", attach: "Datei anhängen",
    sending: "wird gesendet …", sent: "gesendet", failed: "nicht gesendet – erneut senden", offline: "Keine Verbindung. Ihre Nachrichten werden gesendet, sobald sie wieder da ist.",
    paused: "Der Chat macht gerade Pause. Ihre Nachrichten werden gesendet, sobald er weitergeht.",
    typing: "schreibt …", log: "Verlauf", tooLarge: "Die Datei ist zu groß.", remove: "entfernen", you: "Sie", assistant: "Assistent",
    slow: "Das war viel auf einmal. Bitte warten Sie einen Moment.", ticket: "Ticket",
    left: "Noch {count} Zeichen", over: "{count} Zeichen zu viel. Bitte kürzen oder auf zwei Nachrichten aufteilen.",
  },
  en: {
    launcher: "Open help chat", close: "Close chat", title: "Service Desk",
    bot: "Digital assistant · answers at once", queue: "A person is about to take over", agent: "Service desk",
    greeting: "Hello! I am a digital assistant, not a person. I help with IT problems right away and bring in a person whenever you like. What is it about?",
    topics: ["I forgot my password", "The VPN does not connect", "The printer does not print"],
    human: "Talk to a person", write: "Write a message", send: "Send", attach: "Attach a file",
    sending: "sending …", sent: "sent", failed: "not sent – try again", offline: "No connection. Your messages will be sent as soon as it is back.",
    paused: "The chat is taking a break. Your messages will be sent as soon as it is back.",
    typing: "is typing …", log: "Conversation", tooLarge: "The file is too large.", remove: "remove", you: "You", assistant: "Assistant",
    slow: "That was a lot at once. Please wait a moment.", ticket: "Ticket",
    left: "{count} characters left", over: "{count} characters too many. Please shorten it or send it in two messages.",
  },
};

// What German says otherwise to people it is on first-name terms with; the tag is BCP 47 (private use).
TEXTS["de-x-du"] = {
  ...TEXTS.de, you: "Du",
  greeting: "Hallo! Ich bin ein digitaler Assistent, kein Mensch. Ich helfe bei IT-Problemen sofort und hole auf Wunsch eine Person dazu. Worum geht’s?",
  offline: "Keine Verbindung. Deine Nachrichten werden gesendet, sobald sie wieder da ist.",
  paused: "Der Chat macht gerade Pause. Deine Nachrichten werden gesendet, sobald er weitergeht.",
  slow: "Das war viel auf einmal. Bitte warte einen Moment.",
};

const STYLE = `
:host { --bg:#f6f6f3; --surface:#fff; --ink:#1b1d22; --ink-2:#555a66; --ink-3:#686d79; --line:#e1e2e6; --bot:#6b3fc4;
  --accent:var(--firstline-accent,#2450c8); --on-accent:var(--firstline-on-accent,#fff); --accent-soft:#e8eefc; --bad:#b3261e; --warn:#8a4b00; --warn-soft:#fdeed8;
  position:fixed; right:20px; bottom:20px; z-index:2147483000; font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif; color:var(--ink); }
@media (prefers-color-scheme:dark) { :host { --bg:#131417; --surface:#1b1d21; --ink:#eceef2; --ink-2:#b1b6c2; --ink-3:#8f95a3; --line:#2d3036; --bot:#c3a6ff;
  --accent:var(--firstline-accent,#8fb0ff); --on-accent:var(--firstline-on-accent,#131417); --accent-soft:#1f2b4a; --bad:#ff9b93; --warn:#f2b56b; --warn-soft:#35260f; } }
* { box-sizing:border-box; } [hidden] { display:none !important; }
button { font:inherit; color:inherit; cursor:pointer; border:0; background:none; border-radius:6px; }
:focus-visible { outline:2px solid var(--accent); outline-offset:2px; }
svg { width:24px; height:24px; fill:none; stroke:currentColor; stroke-width:1.6; stroke-linecap:round; stroke-linejoin:round; display:block; }
.launcher { width:56px; height:56px; border-radius:50%; display:grid; place-items:center; background:var(--accent); color:var(--on-accent); box-shadow:0 8px 24px rgb(0 0 0/25%); position:relative; }
.launcher .badge { position:absolute; top:-2px; right:-2px; min-width:20px; padding:0 5px; border-radius:10px; background:var(--bad); color:#fff; font-size:12px; line-height:20px; }
.panel { position:absolute; right:0; bottom:0; width:380px; height:min(600px,calc(100dvh - 40px)); display:flex; flex-direction:column; overflow:hidden;
  background:var(--surface); border:1px solid var(--line); border-radius:14px; box-shadow:0 12px 40px rgb(0 0 0/22%); }
header { display:flex; align-items:center; gap:10px; padding:12px 8px 12px 16px; border-bottom:1px solid var(--line); }
header div { flex:1; min-width:0; } header h2 { margin:0; font-size:15px; font-weight:600; } header p { margin:0; font-size:13px; color:var(--ink-2); }
.icon { width:40px; height:40px; display:grid; place-items:center; color:var(--ink-2); } .icon:hover { background:var(--bg); }
.log { flex:1; overflow-y:auto; padding:16px; display:flex; flex-direction:column; gap:4px; overscroll-behavior:contain; }
.group { display:flex; flex-direction:column; gap:4px; align-items:flex-start; margin-top:10px; max-width:88%; } .group.mine { align-self:flex-end; align-items:flex-end; }
.who { font-size:13px; color:var(--ink-2); } .bot .who { color:var(--bot); }
.bubble { padding:9px 13px; border-radius:14px; background:var(--bg); white-space:pre-wrap; overflow-wrap:anywhere; text-align:left; }
.mine .bubble { background:var(--accent); color:var(--on-accent); }
.bubble a { color:inherit; } .bubble img { display:block; max-width:220px; max-height:180px; border-radius:8px; }
.bubble.picture { padding:0; background:none; } .bubble.picture img { max-width:100%; border:1px solid var(--line); border-radius:14px; }
.state { font-size:12px; color:var(--ink-2); } .state.failed { color:var(--bad); text-decoration:underline; padding:4px; min-height:24px; }
.choices { display:flex; flex-wrap:wrap; gap:8px; margin-top:6px; }
.choices button { min-height:36px; padding:6px 14px; border:1px solid var(--accent); color:var(--accent); background:var(--surface); border-radius:18px; text-align:left; }
.choices button:hover { background:var(--accent-soft); }
.dots { padding:10px 14px; } .dots i { display:inline-block; width:7px; height:7px; margin-right:4px; border-radius:50%; background:var(--ink-3); }
@media (prefers-reduced-motion:no-preference) { .dots i { animation:dot 1.2s infinite; } .dots i:nth-child(2) { animation-delay:.2s; } .dots i:nth-child(3) { animation-delay:.4s; } @keyframes dot { 50% { opacity:.25; } } }
.notice { margin:0; padding:6px 16px; font-size:13px; background:var(--warn-soft); color:var(--warn); }
.count { margin:0; padding:4px 16px; font-size:13px; color:var(--ink-2); } .count.over { color:var(--bad); }
.human { align-self:center; margin:0 0 4px; padding:4px 12px; min-height:28px; font-size:13px; color:var(--accent); }
.human:hover { text-decoration:underline; }
.files { display:flex; flex-wrap:wrap; gap:6px; padding:8px 12px; font-size:13px; border-top:1px solid var(--line); } .files:empty { display:none; } .files:not(:empty) + form { border-top:0; padding-top:0; }
.files span { display:flex; align-items:center; max-width:100%; padding-left:10px; background:var(--bg); border-radius:6px; overflow-wrap:anywhere; } .files button { flex:none; width:28px; height:28px; }
form { display:flex; align-items:flex-end; gap:6px; padding:8px; border-top:1px solid var(--line); }
textarea { flex:1; font:inherit; color:inherit; background:none; border:1px solid var(--ink-3); border-radius:10px; padding:8px 12px; resize:none; height:40px; max-height:134px; min-width:0; }
.send { width:40px; height:40px; display:grid; place-items:center; background:var(--accent); color:var(--on-accent); border-radius:10px; }
.hidden { position:absolute; width:1px; height:1px; overflow:hidden; clip-path:inset(50%); }
@media (max-width:480px) { :host([open]) { inset:0; } .panel { position:fixed; inset:0; width:auto; height:auto; border:0; border-radius:0; } }
`;

const ICONS = {
  chat: '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M4.5 5.5h15v10.5h-9l-4 3.5v-3.5h-2z"/></svg>',
  close: '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="m7 7 10 10M17 7 7 17"/></svg>',
  clip: '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="m18 11-6.5 6.5a3.5 3.5 0 0 1-5-5L13 6a2.3 2.3 0 0 1 3.3 3.3L10 15.500"/></svg>',
  send: '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M12 19V5M6 11l6-6 6 6"/></svg>',
};

const HERE = new URL(".", import.meta.url).href;
const element = (tag, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
};

class FirstlineChat extends HTMLElement {
  static observedAttributes = ["open", "lang"];

  connectedCallback() {
    if (this.shadowRoot) return;
    this.server = (this.getAttribute("server") ?? HERE).replace(/\/$/, "");
    this.inbox = this.getAttribute("inbox") ?? "main";
    this.base = `${this.server}/chat/${this.inbox}`;
    this.store = `firstline-chat:${this.base}`;
    this.saved = { token: "", pending: [], seen: 0, form: "", ...this.read() };
    this.messages = new Map();
    this.cursor = 0;
    this.state = { bot: true, agent: "", ticket: "" };
    this.attachments = [];
    this.longest = Infinity; // until the server has said
    this.awaiting = false;
    this.atEnd = true;
    this.top = 0;
    this.build();
    this.introduce();
    if (this.saved.token) this.start();
  }

  disconnectedCallback() { this.socket?.close(); clearTimeout(this.timer); clearInterval(this.timer); this.gone = true; }

  attributeChangedCallback(name) {
    if (!this.shadowRoot) return;
    if (name === "open") this.toggle(); else this.label();
  }

  get texts() { return TEXTS[this.language === "de" && this.saved.form === "informal" ? "de-x-du" : this.language]; }
  get language() {
    const wanted = (this.getAttribute("lang") || document.documentElement.lang || navigator.language || "de").slice(0, 2).toLowerCase();
    return TEXTS[wanted] ? wanted : "en";
  }

  // What the browser keeps: the visitor's token, what is not delivered yet, what was seen.
  read() { try { return JSON.parse(localStorage.getItem(this.store)) ?? {}; } catch { return {}; } }
  keep() { try { localStorage.setItem(this.store, JSON.stringify(this.saved)); } catch { /* private window: until the page closes */ } }

  // -- the element ---------------------------------------------------------------------------------------------------

  build() {
    const root = this.attachShadow({ mode: "open" });
    this.badge = element("span", { className: "badge", hidden: true });
    this.launcher = element("button", { className: "launcher", innerHTML: ICONS.chat, onclick: () => this.setAttribute("open", "") });
    this.launcher.append(this.badge);
    this.heading = element("h2", { id: "title" });
    this.subtitle = element("p");
    this.closer = element("button", { className: "icon", innerHTML: ICONS.close, onclick: () => this.removeAttribute("open") });
    this.log = element("div", { className: "log", tabIndex: 0 });
    this.log.setAttribute("role", "log");
    this.log.setAttribute("aria-live", "polite");
    this.notice = element("p", { className: "notice", hidden: true });
    this.notice.setAttribute("role", "status");
    this.human = element("button", { className: "human", type: "button", onclick: () => this.say(this.texts.human, "/human") });
    this.files = element("div", { className: "files" });
    this.counter = element("p", { className: "count", hidden: true });
    this.counter.setAttribute("role", "status");
    this.field = element("textarea", { rows: 1 });
    this.picker = element("input", { type: "file", multiple: true, hidden: true });
    this.clip = element("button", { type: "button", className: "icon", innerHTML: ICONS.clip, onclick: () => this.picker.click() });
    this.submit = element("button", { className: "send", innerHTML: ICONS.send });
    this.form = element("form", {}, this.clip, this.picker, this.field, this.submit);
    this.panel = element("section", { className: "panel", hidden: true },
      element("header", {}, element("div", {}, this.heading, this.subtitle), this.closer), this.notice, this.log, this.human, this.files, this.counter, this.form);
    this.panel.setAttribute("role", "dialog");
    this.panel.setAttribute("aria-labelledby", "title");
    // A constructed sheet needs no permission from the embedding page's Content-Security-Policy.
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    root.adoptedStyleSheets = [sheet];
    root.append(this.launcher, this.panel);
    this.listenToPeople();
    this.label();
    this.toggle();
  }

  listenToPeople() {
    this.form.addEventListener("submit", (event) => { event.preventDefault(); this.sendField(); });
    this.field.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); this.sendField(); }
    });
    this.field.addEventListener("input", () => { this.grow(); this.count(); });
    this.field.addEventListener("paste", (event) => { if (event.clipboardData.files.length) { event.preventDefault(); this.attach(event.clipboardData.files); } });
    this.picker.addEventListener("change", () => { this.attach(this.picker.files); this.picker.value = ""; });
    this.panel.addEventListener("dragover", (event) => event.preventDefault());
    this.panel.addEventListener("drop", (event) => { event.preventDefault(); this.attach(event.dataTransfer.files); });
    this.panel.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.removeAttribute("open");
      if (event.key === "Tab") this.trap(event);
    });
    // What was at the end stays there, whatever takes room: a longer field, a picture that arrives late.
    // Only scrolling back leaves it: what grows below has not been scrolled away from.
    this.log.addEventListener("scroll", () => {
      const { scrollTop, scrollHeight, clientHeight } = this.log;
      const isEnd = scrollHeight - scrollTop - clientHeight < 60;
      if (isEnd || scrollTop < this.top) this.atEnd = isEnd;
      this.top = scrollTop;
    });
    this.log.addEventListener("load", () => this.scroll(this.atEnd), true);
    new ResizeObserver(() => this.scroll(this.atEnd)).observe(this.log);
    addEventListener("online", () => { this.flush(); this.fetch(); });
  }

  /** Keyboard focus stays in the open panel. */
  trap(event) {
    const stops = [...this.panel.querySelectorAll("button, textarea, a[href], [tabindex='0']")].filter((one) => one.offsetParent);
    const at = this.shadowRoot.activeElement;
    if (event.shiftKey && at === stops[0]) { event.preventDefault(); stops.at(-1).focus(); }
    else if (!event.shiftKey && at === stops.at(-1)) { event.preventDefault(); stops[0].focus(); }
  }

  toggle() {
    const open = this.hasAttribute("open");
    this.panel.hidden = !open;
    this.launcher.hidden = open;
    if (open) { this.markSeen(); this.render(); this.scroll(true); this.field.focus(); }
    else if (this.wasOpen) this.launcher.focus();
    this.wasOpen = open;
  }

  label() {
    const texts = this.texts;
    this.panel.lang = this.language;
    for (const [one, name] of [[this.launcher, texts.launcher], [this.closer, texts.close], [this.clip, texts.attach], [this.submit, texts.send], [this.log, texts.log]]) {
      one.setAttribute("aria-label", name);
      if (one !== this.log) one.title = name;
    }
    this.heading.textContent = this.name ?? texts.title;
    this.field.placeholder = texts.write;
    this.field.setAttribute("aria-label", texts.write);
    this.human.textContent = texts.human;
    this.render();
  }

  grow() { this.field.style.height = "40px"; this.field.style.height = `${Math.min(this.field.scrollHeight + 2, 134)}px`; }

  /** Say how much room is left, near the end of it; false if there is none. */
  count() {
    const left = this.longest - [...this.field.value.trim()].length;
    this.counter.hidden = left > Math.min(this.longest / 10, 500);
    this.counter.classList.toggle("over", left < 0);
    const words = left < 0 ? this.texts.over : this.texts.left;
    this.counter.textContent = this.counter.hidden ? "" : words.replace("{count}", Math.abs(left).toLocaleString(this.language));
    return left >= 0;
  }

  // -- showing -------------------------------------------------------------------------------------------------------

  render() {
    const texts = this.texts;
    const { bot, agent } = this.state;
    this.subtitle.textContent = bot ? texts.bot : agent ? `${agent} · ${texts.agent}` : texts.queue;
    this.human.hidden = !bot;
    const shown = [...this.messages.values()].sort((a, b) => a.seq - b.seq);
    const last = shown.at(-1);
    const groups = [this.group({ author: "bot" }, [this.bubble({ text: texts.greeting })], this.choices(shown.length || this.saved.pending.length ? [] : texts.topics.map((title) => ({ title }))))];
    groups[0].node.hidden = !this.saved.form; // nobody is greeted before it is known how
    for (const message of shown) this.place(groups, message, message === last && !this.saved.pending.length);
    for (const message of this.saved.pending) this.place(groups, { ...message, mine: true, author: "requester" }, false);
    if (this.awaiting) groups.push(this.group({ author: "bot" }, [element("div", { className: "bubble dots", innerHTML: `<i></i><i></i><i></i><span class="hidden">${texts.assistant} ${texts.typing}</span>` })], null));
    this.log.replaceChildren(...groups.map((one) => one.node));
    this.scroll(this.atEnd);
    this.badge.hidden = true;
    const unread = shown.filter((one) => !one.mine && one.seq > this.saved.seen).length;
    if (!this.hasAttribute("open") && unread) { this.badge.textContent = unread; this.badge.hidden = false; }
  }

  /** Consecutive messages of one author stand together. */
  place(groups, message, isLast) {
    const parts = [this.bubble(message)];
    if (message.state) parts.push(this.pendingState(message));
    const choices = isLast ? this.choices(message.choices ?? []) : null;
    const previous = groups.at(-1);
    if (previous.author === message.author && previous.name === message.name && groups.length > 1) {
      previous.node.append(...parts);
      if (choices) previous.node.append(choices);
    } else groups.push(this.group(message, parts, choices));
  }

  group(message, parts, choices) {
    const mine = message.author === "requester";
    const name = mine ? this.texts.you : message.author === "agent" ? message.name : this.texts.assistant;
    const node = element("div", { className: `group ${mine ? "mine" : message.author}` }, element("span", { className: mine ? "who hidden" : "who", textContent: name }), ...parts);
    if (choices) node.append(choices);
    return { node, author: message.author, name: message.name };
  }

  bubble(message) {
    const node = element("div", { className: "bubble" }, ...this.linked(message.text ?? ""));
    if (message.at) node.title = new Date(message.at).toLocaleString(this.language);
    for (const file of message.files ?? []) {
      const href = file.id ? `${this.base}/files/${file.id}?token=${encodeURIComponent(this.saved.token)}` : "";
      const link = element("a", { href, target: "_blank", rel: "noopener", textContent: file.name });
      if (href && file.type?.startsWith("image/")) link.replaceChildren(element("img", { src: href, alt: file.name }));
      node.append(node.textContent ? element("br") : "", href ? link : file.name);
    }
    if (!node.textContent && node.querySelector("img")) node.classList.add("picture");
    return node;
  }

  /** A text with its addresses as links. */
  linked(text) {
    return text.split(/(https?:\/\/[^\s<>"]*[^\s<>".,;:!?)\]}'’“”»])/).map((part, index) =>
      index % 2 ? element("a", { href: part, target: "_blank", rel: "noopener noreferrer", textContent: part }) : part);
  }

  pendingState(message) {
    if (message.state !== "failed") return element("span", { className: "state", textContent: this.texts.sending });
    return element("button", { className: "state failed", type: "button", textContent: this.texts.failed, onclick: () => { message.state = "sending"; this.render(); this.flush(); } });
  }

  choices(list) {
    if (!list.length) return null;
    return element("div", { className: "choices" }, ...list.map(({ title, payload }) =>
      element("button", { type: "button", textContent: title, onclick: () => { this.say(title, payload); this.field.focus(); } })));
  }

  scroll(force) { if (force) { this.log.scrollTop = this.log.scrollHeight; this.atEnd = true; } }
  markSeen() { this.saved.seen = Math.max(this.saved.seen, this.cursor); this.keep(); }

  tell(text) {
    this.notice.textContent = text ?? "";
    this.notice.hidden = !text;
  }

  // -- saying --------------------------------------------------------------------------------------------------------

  sendField() {
    const text = this.field.value.trim();
    if (!text && !this.attachments.length) return;
    if (!this.count()) return; // it stays in the field
    this.field.value = "";
    this.grow();
    this.count();
    this.say(text, undefined, this.attachments.splice(0));
    this.files.replaceChildren();
  }

  /** Keep what was said until the server has it; it is sent in order, once each. */
  say(text, payload, files = []) {
    this.saved.pending.push({ id: crypto.randomUUID?.() ?? `${Date.now()}-${Math.random().toString(36).slice(2)}`, text, payload, files, state: "sending" });
    this.keep();
    this.render();
    this.scroll(true);
    this.flush();
  }

  async flush() {
    if (this.flushing) return;
    this.flushing = true;
    try {
      while (this.saved.pending.length && this.saved.pending[0].state !== "failed") {
        const message = this.saved.pending[0];
        const done = await this.post(message);
        if (!done) break;
        this.saved.pending.shift();
        this.awaiting = this.state.bot;
        this.keep();
        await this.fetch();
      }
    } finally { this.flushing = false; }
  }

  /** True when the server has it, or it is marked as failed; false to try again later. */
  async post(message) {
    try {
      await this.open();
      const files = [];
      for (const file of message.files) files.push(file.token);
      const response = await this.call("/messages", { id: message.id, text: message.text, payload: message.payload, files, language: this.language });
      if (response.ok) { this.tell(); return true; }
      if (response.status === 401) { this.saved.token = ""; this.keep(); setTimeout(() => this.flush(), 500); return false; }
      if (response.status === 429) { this.tell(this.texts.slow); setTimeout(() => this.flush(), 8000); return false; }
      if (response.status >= 500) throw new Error(response.status);
      message.state = "failed";
      this.tell((await response.json()).title);
    } catch (error) {
      this.paused = error.message === "503";
      this.tell(this.trouble);
      clearTimeout(this.again);
      this.again = setTimeout(() => this.flush(), 3000);
    }
    this.keep();
    this.render();
    return false;
  }

  async attach(list) {
    for (const file of [...list].slice(0, 5)) {
      try {
        await this.open();
        const response = await fetch(`${this.base}/files?name=${encodeURIComponent(file.name || "image.png")}`, {
          method: "POST", body: file, headers: { ...this.headers, "content-type": file.type || "application/octet-stream" } });
        if (!response.ok) { this.tell((await response.json()).title ?? this.texts.tooLarge); continue; }
        const kept = await response.json();
        const one = { name: kept.name, token: kept.file };
        this.attachments.push(one);
        const chip = element("span", { textContent: kept.name });
        chip.append(element("button", { type: "button", textContent: "×", title: this.texts.remove, ariaLabel: `${kept.name}: ${this.texts.remove}`,
          onclick: () => { this.attachments.splice(this.attachments.indexOf(one), 1); chip.remove(); } }));
        this.files.append(chip);
        this.tell();
      } catch { this.tell(this.texts.offline); }
    }
  }

  // -- the server ----------------------------------------------------------------------------------------------------

  /** Learn what the desk is called and how it speaks to people. */
  async introduce() {
    try {
      const response = await fetch(`${this.base}/about`);
      if (!response.ok) throw new Error(response.status);
      const about = await response.json();
      this.name = about.name;
      this.longest = about.longest ?? Infinity;
      this.speak(about.form_of_address);
    } catch { this.speak(this.saved.form || "formal"); }
  }

  /** With Sie or du, from now on. */
  speak(form) {
    this.saved.form = form;
    this.keep();
    this.label();
  }

  /** Why nothing can be sent right now. */
  get trouble() { return this.paused ? this.texts.paused : this.texts.offline; }

  get headers() { return { authorization: `Bearer ${this.saved.token}`, "accept-language": this.language }; }

  async open() {
    if (this.saved.token) return;
    const response = await fetch(`${this.base}/session`, { method: "POST" });
    if (!response.ok) throw new Error(response.status);
    const { token } = await response.json();
    this.saved.token = token;
    this.cursor = 0;
    this.messages.clear();
    this.keep();
    this.start();
  }

  call(path, body) {
    return fetch(this.base + path, { method: "POST", body: JSON.stringify(body), headers: { ...this.headers, "content-type": "application/json" } });
  }

  start() { this.fetch(); this.connect(); this.flush(); }

  /** Fetch what lies behind the cursor; several calls become one more look. */
  async fetch() {
    if (this.fetching) { this.more = true; return this.fetching; }
    this.fetching = this.fetchOnce().finally(() => {
      this.fetching = null;
      if (this.more) { this.more = false; this.fetch(); }
    });
    return this.fetching;
  }

  async fetchOnce() {
    try {
      const response = await fetch(`${this.base}/messages?after=${this.cursor}`, { headers: this.headers });
      if (response.status === 401) { this.saved.token = ""; this.keep(); return; }
      this.paused = response.status === 503;
      if (!response.ok) return;
      const found = await response.json();
      for (const message of found.messages) {
        if (!message.mine) this.awaiting = false;
        this.messages.set(message.seq, message);
      }
      const moved = found.cursor > this.cursor;
      this.cursor = Math.max(this.cursor, found.cursor);
      this.state = { bot: found.bot, agent: found.agent, ticket: found.ticket };
      if (found.form_of_address !== this.saved.form) this.speak(found.form_of_address);
      if (!found.bot) this.awaiting = false;
      if (this.hasAttribute("open")) this.markSeen();
      this.render();
      if (moved) this.call("/delivered", { seq: this.cursor }).catch(() => {});
      if (found.more) this.more = true;
    } catch { /* the socket or the next poll looks again */ }
  }

  connect() {
    if (this.gone || this.socket?.readyState < 2) return;
    const socket = new WebSocket(`${this.base.replace(/^http/, "ws")}/live?token=${encodeURIComponent(this.saved.token)}`);
    this.socket = socket;
    let silence;
    const heard = () => { clearTimeout(silence); silence = setTimeout(() => socket.close(), 60000); };
    socket.onopen = () => { this.paused = false; this.pause = 500; this.tell(); heard(); this.fetch(); this.flush(); };
    socket.onmessage = () => { heard(); this.fetch(); };
    socket.onclose = (event) => {
      clearTimeout(silence);
      if (this.gone || event.code === 4401) return;
      // Too many pages of this visitor are open: this one looks by itself, and newer ones are told.
      if (event.code === 4429) { this.timer = setInterval(() => this.fetch(), 15000); return; }
      this.pause = Math.min((this.pause ?? 500) * 2, 15000);
      if (this.pause > 2000) this.tell(this.trouble);
      // Without a socket, polling does the same.
      this.timer = setTimeout(() => { this.fetch(); this.connect(); }, this.pause);
    };
  }
}

customElements.define("firstline-chat", FirstlineChat);
