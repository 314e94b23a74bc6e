// Messages as elements. Texts of people and bot go in by textContent alone.

import { icon, make } from "./elements.js";
import { formatted } from "./entities.js";
import { openViewer } from "./viewer.js";

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });

const fileUrl = (file, name) =>
  `/api/files/${encodeURIComponent(file.file_unique_id)}${name ? `?name=${encodeURIComponent(name)}` : ""}`;

const largest = (photo) => photo[photo.length - 1];

export function summary(message) {
  return message.text || message.caption || (message.photo ? "Photo" : message.document?.file_name ?? "");
}

export function bubble(view, { onPress, onQuote }) {
  const { message, sender } = view;
  const body = make("div", "bubble", { "data-sender": sender });
  if (message.reply_to_message) body.append(quote(message.reply_to_message, onQuote));
  if (message.photo) body.append(photo(message, sender));
  if (message.document) body.append(document_(message.document));
  const text = message.text ?? message.caption;
  if (text) body.append(formatted(text, message.entities ?? message.caption_entities ?? []));
  body.append(stamp(message, sender));
  if (message.reply_markup) body.append(keyboard(message, onPress));
  return body;
}

function photo(message, sender) {
  const size = largest(message.photo);
  const url = fileUrl(size);
  const caption = message.caption ?? "";
  const who = sender === "bot" ? "Answer" : "Your photo";
  const button = make("button", "photo", { type: "button", "aria-label": `${who}: show in full size` });
  const image = make("img", "", { src: url, width: size.width, height: size.height, alt: caption || who, decoding: "async" });
  image.addEventListener("error", () => button.replaceWith(make("p", "gone", {}, "This picture is no longer kept.")));
  button.append(image);
  const name = `semblance-${message.message_id}.jpg`;
  button.addEventListener("click", () => openViewer({ url, download: fileUrl(size, name), name, caption }));
  return button;
}

function document_(file) {
  const link = make("a", "document", { href: fileUrl(file, file.file_name), download: file.file_name });
  if (file.thumbnail) {
    link.append(make("img", "", { src: fileUrl(file.thumbnail), alt: "", width: 44, height: 44 }));
  } else {
    link.append(icon("file"));
  }
  const label = make("span", "file-label");
  label.append(make("b", "", {}, file.file_name), make("small", "", {}, bytes(file.file_size)));
  link.append(label);
  return link;
}

function bytes(count) {
  if (count < 1000) return `${count} bytes`;
  return count < 1e6 ? `${Math.round(count / 1000)} kB` : `${(count / 1e6).toFixed(1)} MB`;
}

function quote(message, onQuote) {
  const button = make("button", "quote", { type: "button" });
  const file = message.photo?.[0] ?? message.document?.thumbnail;
  if (file) button.append(make("img", "", { src: fileUrl(file), alt: "", width: 30, height: 30 }));
  button.append(make("span", "", {}, summary(message)));
  button.addEventListener("click", () => onQuote(message.message_id));
  return button;
}

function stamp(message, sender) {
  const line = make("span", "stamp");
  const date = new Date(1000 * (message.edit_date ?? message.date));
  line.append(make("time", "", { datetime: date.toISOString() }, clock.format(date)));
  if (sender === "person") line.append(icon("tick"));
  return line;
}

function keyboard(message, onPress) {
  const rows = make("div", "keyboard");
  for (const row of message.reply_markup.inline_keyboard) {
    const line = make("div", "keyboard-row");
    for (const each of row) line.append(key(message, each, onPress));
    rows.append(line);
  }
  return rows;
}

function key(message, { text, url, callback_data: data }, onPress) {
  if (url) {
    const safe = /^https?:/i.test(url) ? { href: url } : {};
    return make("a", "key", { ...safe, target: "_blank", rel: "noopener noreferrer" }, text);
  }
  const button = make("button", "key", { type: "button" }, text);
  button.addEventListener("click", () => onPress(message.message_id, data));
  return button;
}
