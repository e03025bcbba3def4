// Writing down a call while one talks: people are found and topics recognised as one types, and nothing typed is lost.

const form = document.querySelector(".quick-log");
const key = `draft-call-${form.dataset.draft}`;
const typedIn = ["who", "name", "number", "organization", "notes", "subject", "direction", "outcome", "code", "team", "requester", "belongs", "token"];
const field = (name) => form.elements[name];
/** Parts that are behind, since somebody is in the middle of them. */
const behind = new Set();
let later, asked = 0;

/** Ask the server what it makes of the form; put in the parts that follow from it, but never where somebody is writing. */
async function look(wanted, parts) {
  const number = ++asked, data = new FormData(form);
  data.set("do", wanted);
  const response = await fetch(form.action, { method: "POST", body: data, headers: { "x-parts": "yes" } });
  if (number !== asked || !response.ok || response.redirected) return;
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  for (const id of parts) {
    const old = document.getElementById(id), next = fresh.getElementById(id);
    if (!old || !next) continue;
    if (old.contains(document.activeElement) && id !== "caller" && id !== "found") { behind.add(id); continue; }
    behind.delete(id);
    const open = new Set([...old.querySelectorAll("details[open]")].map((one) => one.id).filter(Boolean));
    const inFound = id === "found" && old.contains(document.activeElement);
    old.replaceWith(document.importNode(next, true));
    for (const one of open) document.getElementById(one)?.setAttribute("open", "");
    if (inFound) field("who")?.focus();
  }
  const found = document.getElementById("found");
  if (found && found.dataset.none !== undefined) {
    const who = field("who").value.trim(), isNumber = /^[\d\s()+/-]{3,}$/.test(who);
    document.querySelector(".newcomer").open = true;
    field("name").placeholder = isNumber ? "" : who;
    field("number").placeholder = isNumber ? who : "";
  }
  keep();
  clearTimeout(again);
  if (document.querySelector("#understood[data-again]")) again = setTimeout(() => follow(["understood"]), 2000);
}
let again;
const follow = (parts) => look("look", parts).catch(() => {});
const soon = (parts, wait) => { clearTimeout(later); later = setTimeout(() => follow(parts), wait); };

form.addEventListener("input", (event) => {
  const name = event.target.name;
  if (name === "who") soon(["found"], 150);
  else if (["notes", "subject"].includes(name)) soon(["understood", "team-choice"], 300);
  keep();
});
form.addEventListener("focusout", (event) => {
  if (behind.size && ![...behind].some((id) => document.getElementById(id)?.contains(event.relatedTarget))) soon([...behind], 0);
});
form.addEventListener("change", (event) => {
  if (["intent", "other_intent"].includes(event.target.name)) {
    if (event.target.name === "intent") field("other_intent").value = "";
    follow(["team-choice"]);
  }
  if (event.target.matches(".outcome select")) form.querySelector(`[name=outcome][value=${event.target.className.slice(3)}]`).checked = true;
  keep();
});
form.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-look]");
  if (!button) return;
  event.preventDefault();
  const chosen = button.value !== "look";
  await look(button.value, chosen ? ["caller", "understood", "team-choice"] : ["found"]).catch(() => {});
  if (chosen) (button.value === "other" ? field("who") : field("notes")).focus();
});
form.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const people = [...document.querySelectorAll("#found button")];
  const at = people.indexOf(document.activeElement);
  const inWho = event.target.name === "who";
  if (event.key === "Enter" && inWho) {
    event.preventDefault();
    if (people.length) people[0].click();
    else field("notes").focus();
  } else if (event.key === "ArrowDown" && (inWho || at >= 0)) { event.preventDefault(); people[Math.min(people.length - 1, at + 1)]?.focus(); }
  else if (event.key === "ArrowUp" && at >= 0) { event.preventDefault(); (people[at - 1] ?? field("who")).focus(); }
});

/** What is typed stays in this browser until the call is saved. */
function keep() {
  const said = Object.fromEntries(typedIn.map((name) => [name, new FormData(form).get(name) ?? ""]));
  if (said.notes || said.who || said.subject || said.name || said.number) localStorage.setItem(key, JSON.stringify(said));
  else localStorage.removeItem(key);
}

async function restore() {
  const said = JSON.parse(localStorage.getItem(key) ?? "null");
  if (!said || form.dataset.typed !== undefined) return;
  const put = (names) => { for (const name of names) if (said[name] && field(name)) field(name).value = said[name]; };
  put(["token", "notes", "subject", "direction", "outcome", "code", "team"]);
  if (said.requester && said.requester !== field("requester").value) await look(`choose:${said.requester}`, ["caller"]);
  put(["who", "name", "number", "organization", "belongs"]);
  document.getElementById("kept").textContent = form.dataset.keptNote;
  await look("look", ["found", "understood", "team-choice"]);
}

await restore().catch(() => {});
if (document.activeElement === document.body || document.activeElement === null) (field("who") ?? field("notes")).focus();
if (document.querySelector("#understood[data-again]")) again = setTimeout(() => follow(["understood"]), 2000);
