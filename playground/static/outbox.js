// Messages on their way: shown at once, with a sign while they travel and a way on when they fail.

import { icon, make } from "./elements.js";

const inFlight = new Set();

export const settled = () => Promise.allSettled([...inFlight]);

export function outgoing(list, message, transmit, onChange) {
  const item = make("li", "message", { "data-sender": "person" });
  const body = make("div", "bubble pending", { "data-sender": "person" });
  const urls = message.files.map((file) => URL.createObjectURL(file));
  if (urls.length) body.append(previews(message, urls));
  if (message.text) body.append(make("p", "text", {}, message.text));
  const state = make("p", "sending");
  body.append(state);
  item.append(body);
  list.append(item);

  const leave = () => {
    for (const url of urls) URL.revokeObjectURL(url);
    item.remove();
    onChange();
  };
  const attempt = async (asFile) => {
    body.classList.remove("failed");
    state.replaceChildren(make("span", "spinner"), "Sending");
    onChange();
    const journey = transmit({ ...message, asFile });
    inFlight.add(journey);
    try {
      await journey;
      leave();
    } catch (error) {
      body.classList.add("failed");
      state.replaceChildren(...failure(error, asFile, attempt, leave));
    } finally {
      inFlight.delete(journey);
      onChange();
    }
  };
  return attempt(message.asFile);
}

function previews(message, urls) {
  const box = make("div", "previews");
  urls.forEach((url, index) => {
    const file = message.files[index];
    const image = make("img", "", { src: url, alt: file.name });
    image.addEventListener("error", () => image.replaceWith(make("span", "no-preview", {}, file.name)));
    box.append(image);
  });
  return box;
}

function failure(error, asFile, attempt, leave) {
  const sentence = make("span", "why", { role: "alert" });
  sentence.append(icon("warning"), error.message);
  const again = make("button", "small", { type: "button" }, "Try again");
  again.addEventListener("click", () => attempt(asFile));
  const discard = make("button", "small", { type: "button" }, "Discard");
  discard.addEventListener("click", leave);
  if (error.code !== "not_a_photo") return [sentence, again, discard];
  const whole = make("button", "small", { type: "button" }, "Send as file");
  whole.addEventListener("click", () => attempt(true));
  return [sentence, whole, discard];
}
