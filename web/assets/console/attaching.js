// Files beside what one writes: chosen, dropped on the field or pasted into it, and taken away again.

const MOST = 10, LARGEST = 25 * 1024 * 1024;

/** Put files to those a form has already; what is too much is said and left out. */
function add(form, files) {
  const input = form.querySelector("[data-attach]"), list = form.querySelector(".attached");
  const chosen = new DataTransfer();
  for (const file of input.chosen ?? []) chosen.items.add(file);
  let mistake = "";
  for (const file of files) {
    if (file.size > LARGEST) mistake = input.dataset.tooLarge;
    else if (chosen.items.length + list.querySelectorAll("[name=kept]").length >= MOST) mistake = input.dataset.tooMany;
    else chosen.items.add(file);
  }
  set(form, chosen);
  if (!mistake) return;
  const said = document.createElement("li");
  said.className = "error";
  said.role = "alert";
  said.textContent = mistake;
  list.append(said);
}

function set(form, chosen) {
  const input = form.querySelector("[data-attach]"), list = form.querySelector(".attached");
  input.files = chosen.files;
  input.chosen = [...chosen.files];
  for (const row of list.querySelectorAll(":scope > .fresh, :scope > .error")) row.remove();
  input.chosen.forEach((file, place) => {
    const row = document.createElement("li");
    row.className = "fresh";
    const name = document.createElement("span");
    name.textContent = file.name;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "quiet";
    button.textContent = "×";
    button.ariaLabel = `${input.dataset.remove}: ${file.name}`;
    button.addEventListener("click", () => {
      const rest = new DataTransfer();
      for (const [other, one] of input.chosen.entries()) if (other !== place) rest.items.add(one);
      set(form, rest);
      form.querySelector("textarea").focus();
    });
    row.append(name, button);
    list.append(row);
  });
}

for (const form of document.querySelectorAll(".composer form")) {
  const input = form.querySelector("[data-attach]");
  if (!input) continue;
  input.addEventListener("change", () => { add(form, input.files); form.querySelector("textarea").focus(); });
  form.addEventListener("paste", (event) => {
    if (!event.clipboardData.files.length) return;
    event.preventDefault();
    add(form, event.clipboardData.files);
  });
  form.addEventListener("dragover", (event) => {
    if (![...event.dataTransfer.types].includes("Files")) return;
    event.preventDefault();
    form.classList.add("over");
  });
  form.addEventListener("dragleave", () => form.classList.remove("over"));
  form.addEventListener("drop", (event) => {
    form.classList.remove("over");
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    add(form, event.dataTransfer.files);
  });
  for (const button of form.querySelectorAll("[data-detach]")) {
    button.hidden = false;
    button.addEventListener("click", () => button.closest("li").remove());
  }
}
