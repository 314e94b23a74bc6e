// The playground's JSON API as the page uses it.

export const MAX_BYTES = 50 * 1024 * 1024;
export const MAX_PHOTOS = 10;

export class Refused extends Error {
  constructor(code, sentence) {
    super(sentence);
    this.code = code;
  }
}

async function answer(request) {
  let response;
  try {
    response = await request;
  } catch {
    throw new Refused("lost", "The playground has stopped; start it again with make run.");
  }
  const body = await response.json().catch(() => ({}));
  if (response.ok) return body;
  if (response.status === 413 && body.error?.code === "refused") {
    throw new Refused("too_large", "That is too large: the playground takes up to 50 MB at once.");
  }
  throw new Refused(body.error?.code ?? "error", body.error?.message ?? "The playground could not take this.");
}

export function send(chatId, { text, files, asFile }) {
  const size = files.reduce((sum, file) => sum + file.size, 0);
  if (size > MAX_BYTES) {
    return Promise.reject(new Refused("too_large", "That is too large: the playground takes up to 50 MB at once."));
  }
  const form = new FormData();
  form.set("text", text);
  form.set("language", navigator.language.split("-")[0] || "en");
  if (asFile) form.set("as_file", "1");
  for (const file of files) form.append("photo", file, file.name || "photo.jpg");
  return answer(fetch(`/api/chats/${chatId}/messages`, { method: "POST", body: form }));
}

export function press(chatId, messageId, data) {
  return answer(fetch(`/api/chats/${chatId}/presses`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ message_id: messageId, data }),
  }));
}

export const bot = () => answer(fetch("/api/bot"));

export function changes(chatId, afterRevision, waitS) {
  return answer(fetch(`/api/chats/${chatId}/messages?after_revision=${afterRevision}&wait_s=${waitS}`));
}
