// Writing articles: a preview beside the text, pictures by pasting.

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
