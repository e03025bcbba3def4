// Being noticed: the number in the tab, a soft sound, a notification on the desktop. Each can be switched off.

const preferences = JSON.parse(document.body.dataset.preferences);
const title = document.title;
const count = (view) => Number(document.querySelector(`[data-count="${view}"]`)?.textContent ?? 0);
let known = waiting();
let mentions = count("mentioned");

/** How many tickets want this agent: those nobody has, their own unread ones, and where somebody mentioned them. */
function waiting() {
  const unread = Number(document.querySelector("[data-unread]")?.dataset.unread ?? 0);
  return count("person") + count("mentioned") + unread;
}

export function notice() {
  const now = waiting();
  if (preferences.badge) document.title = now ? `(${now}) ${title}` : title;
  if (now > known) {
    if (preferences.sound) chime();
    if (preferences.desktop && document.hidden && window.Notification?.permission === "granted") {
      const link = document.querySelector('[data-count="mentioned"]')?.closest("a");
      const first = document.querySelector(".row.unread, .row");
      const body = count("mentioned") > mentions ? link.dataset.news : first?.querySelector("strong").firstChild.textContent;
      new Notification(document.querySelector(".brand span").textContent, { body: body ?? "", tag: "firstline" });
    }
  }
  known = now;
  mentions = count("mentioned");
}

/** Somebody calls: heard and seen also where nobody looks at this page. */
export function ring(who, word) {
  if (preferences.sound) chime();
  if (preferences.desktop && document.hidden && window.Notification?.permission === "granted") {
    new Notification(word, { body: who, tag: "firstline-call" });
  }
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
