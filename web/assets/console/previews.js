// What came with a message, looked at in its place when somebody wants to see it: formatted mail and PDF in a frame of
// their own, text as text, pictures large.

document.addEventListener("toggle", (event) => {
  const panel = event.target;
  if (!panel.open || !panel.dataset) return;
  panel.querySelector("[data-kept].failed")?.remove();
  if (panel.querySelector("[data-kept]")) return;
  if (panel.dataset.frame) panel.append(frame(panel));
  if (panel.dataset.text) show(panel);
}, true);

function frame(panel) {
  const made = document.createElement("iframe");
  // A browser shows no PDF in a sandbox; a PDF has no way into this page either.
  if (panel.dataset.plain === undefined) made.setAttribute("sandbox", "");
  else made.className = "tall";
  made.dataset.kept = "";
  made.title = panel.querySelector("summary").textContent;
  made.src = panel.dataset.frame;
  return made;
}

async function show(panel) {
  const text = document.createElement("pre");
  text.dataset.kept = "";
  text.tabIndex = 0;
  text.className = "preview";
  text.textContent = "…";
  panel.append(text);
  const response = await fetch(panel.dataset.text).catch(() => null);
  text.textContent = response?.ok ? await response.text() : panel.dataset.failed;
  text.classList.toggle("failed", !response?.ok);
}

const box = document.querySelector(".lightbox");
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-large]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  const picture = box.querySelector("img");
  picture.src = link.href;
  picture.alt = box.querySelector("h2").textContent = link.dataset.large;
  box.querySelector("a").href = link.href;
  box.showModal();
});
box.addEventListener("click", (event) => { if (event.target === box) box.close(); });
