// A text with its entities. Offsets count UTF-16 units, exactly as JavaScript strings do.

import { make } from "./elements.js";

const TAGS = { bold: "b", italic: "i", underline: "u", strikethrough: "s", code: "code", pre: "pre" };

function element(entity, text) {
  if (entity.type === "url" || entity.type === "text_link") {
    const address = entity.url ?? (/^[a-z]+:/i.test(text) ? text : `http://${text}`);
    if (!/^https?:/i.test(address)) return make("span");
    return make("a", "", { href: address, target: "_blank", rel: "noopener noreferrer" });
  }
  if (entity.type === "bot_command") return make("button", "command", { type: "button" });
  return make(TAGS[entity.type] ?? "span");
}

export function formatted(text, entities) {
  const paragraph = make("p", "text");
  let end = 0;
  for (const entity of entities) {
    // Nested entities are rare in a bot's answers: the outer one is shown.
    if (entity.offset < end) continue;
    paragraph.append(text.slice(end, entity.offset));
    end = entity.offset + entity.length;
    const part = text.slice(entity.offset, end);
    const node = element(entity, part);
    node.textContent = part;
    paragraph.append(node);
  }
  paragraph.append(text.slice(end));
  return paragraph;
}
