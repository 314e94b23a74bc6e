// What goes into the next message: a text, and photos that were picked, pasted or dropped.

import { MAX_PHOTOS } from "./api.js";
import { byId, icon, make } from "./elements.js";

const [form, text, tray, chosen, picker, sendButton] =
  ["composer", "text", "tray", "chosen", "picker", "send"].map(byId);
let photos = [];

export function onSubmit(send) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const message = { text: text.value.trim(), files: photos.map((photo) => photo.file), asFile: byId("as-file").checked };
    if (!message.text && !message.files.length) return;
    for (const photo of photos) URL.revokeObjectURL(photo.url);
    photos = [];
    text.value = "";
    byId("as-file").checked = false;
    refresh();
    text.focus();
    send(message);
  });
}

export function focus() {
  // On a phone the focus would open the keyboard over half of the chat.
  if (matchMedia("(pointer: fine)").matches) text.focus();
}

export function add(files, onProblem) {
  const fresh = [...files];
  const room = MAX_PHOTOS - photos.length;
  if (fresh.length > room) onProblem(`At most ${MAX_PHOTOS} photos go into one message.`);
  photos.push(...fresh.slice(0, room).map((file) => ({ file, url: URL.createObjectURL(file) })));
  refresh();
  focus();
}

function refresh() {
  chosen.replaceChildren(...photos.map(thumbnail));
  tray.hidden = photos.length === 0;
  sendButton.disabled = !photos.length && !text.value.trim();
  const label = photos.length > 1 ? `Send ${photos.length} photos` : "Send";
  sendButton.title = label;
  sendButton.querySelector("span").textContent = label;
  text.placeholder = photos.length ? "Add a caption" : "A photo, or its address";
  text.style.height = "auto";
  text.style.height = `${Math.min(text.scrollHeight, 140)}px`;
}

function thumbnail(photo) {
  const item = make("li");
  const image = make("img", "", { src: photo.url, alt: photo.file.name || "Pasted photo" });
  image.addEventListener("error", () => image.replaceWith(make("span", "no-preview", {}, photo.file.name)));
  const remove = make("button", "remove", { type: "button", "aria-label": `Remove ${photo.file.name || "photo"}` });
  remove.append(icon("close"));
  remove.addEventListener("click", () => {
    URL.revokeObjectURL(photo.url);
    photos = photos.filter((other) => other !== photo);
    refresh();
    focus();
  });
  item.append(image, remove);
  return item;
}

export function listen(onProblem) {
  text.addEventListener("input", refresh);
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      form.requestSubmit();
    }
  });
  byId("attach").addEventListener("click", () => picker.click());
  picker.addEventListener("change", () => {
    add(picker.files, onProblem);
    picker.value = "";
  });
  window.addEventListener("paste", (event) => {
    if (!event.clipboardData.files.length) return;
    event.preventDefault();
    add(event.clipboardData.files, onProblem);
  });
  listenForDrops(onProblem);
}

function listenForDrops(onProblem) {
  const veil = byId("drop");
  let depth = 0;
  const show = (change) => {
    depth = Math.max(0, depth + change);
    veil.hidden = depth === 0;
  };
  window.addEventListener("dragenter", (event) => { event.preventDefault(); show(1); });
  window.addEventListener("dragover", (event) => event.preventDefault());
  window.addEventListener("dragleave", () => show(-1));
  window.addEventListener("drop", (event) => {
    event.preventDefault();
    depth = 0;
    veil.hidden = true;
    const { files } = event.dataTransfer;
    if (files.length) return add(files, onProblem);
    const address = event.dataTransfer.getData("text/uri-list") || event.dataTransfer.getData("text/plain");
    if (address) {
      text.value = address.split("\n")[0].trim();
      refresh();
      text.focus();
    }
  });
}
