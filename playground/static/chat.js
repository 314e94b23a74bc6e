// The page: one person's chat with the bot.

import * as api from "./api.js";
import { bubble, summary } from "./bubbles.js";
import * as composer from "./composer.js";
import { byId, make } from "./elements.js";
import { follow } from "./feed.js";
import { outgoing, settled } from "./outbox.js";

const ACTIONS = { typing: "typing", upload_photo: "sending a photo", upload_document: "sending a file" };
const ACTION_LASTS_MS = 5000;
// As many as the playground keeps of a chat.
const MAX_MESSAGES = 200;
const feed = byId("feed");
const list = byId("messages");
const items = new Map();
const albums = new Map();
const chatId = ownChatId();
let actionTimer;
let atEnd = true;
let feedHeight = 0;

function ownChatId() {
  const fresh = () => 1e6 + crypto.getRandomValues(new Uint32Array(1))[0];
  try {
    const kept = Number(localStorage.getItem("semblance-chat-id"));
    if (Number.isSafeInteger(kept) && kept > 0) return kept;
    const id = fresh();
    localStorage.setItem("semblance-chat-id", id);
    return id;
  } catch {
    return fresh();
  }
}

const nearEnd = () => feed.scrollHeight - feed.scrollTop - feed.clientHeight < 120;

function toEnd() {
  atEnd = true;
  feed.scrollTop = feed.scrollHeight;
}

function show(view) {
  const known = items.get(view.message_id);
  if (view.deleted) {
    known?.remove();
    items.delete(view.message_id);
    return;
  }
  const body = bubble(view, { onPress, onQuote });
  if (known) {
    known.querySelector(".bubble").replaceWith(body);
    body.classList.add("edited");
  } else {
    const item = make("li", "message", { "data-sender": view.sender, "data-id": view.message_id });
    item.append(body);
    items.set(view.message_id, item);
    place(item, view);
  }
  if (view.sender === "bot") byId("announcer").textContent = `Semblance: ${summary(view.message)}`;
}

function place(item, view) {
  const group = view.message.media_group_id;
  if (!group) return list.insertBefore(item, list.querySelector(".message:not([data-id])"));
  if (!albums.has(group)) {
    const album = make("ol", "album");
    const holder = make("li", "album-holder");
    holder.append(album);
    albums.set(group, album);
    list.insertBefore(holder, list.querySelector(".message:not([data-id])"));
  }
  albums.get(group).append(item);
}

function onPress(messageId, data) {
  api.press(chatId, messageId, data).catch((error) => problem(error.message));
}

function onQuote(messageId) {
  const item = items.get(messageId);
  item?.scrollIntoView({ block: "center", behavior: "smooth" });
  item?.classList.add("found");
  setTimeout(() => item?.classList.remove("found"), 1200);
}

function problem(sentence) {
  const item = make("li", "message notice", { role: "alert" }, sentence);
  list.append(item);
  toEnd();
  setTimeout(() => item.remove(), 6000);
}

function send(message) {
  outgoing(list, message, (each) => api.send(chatId, each), () => {
    showOffers();
    toEnd();
  });
}

function command(text) {
  send({ text, files: [], asFile: false });
}

function showOffers() {
  byId("intro").hidden = list.childElementCount > 0;
  byId("sample").hidden = Boolean(list.querySelector(".photo, .previews"));
}

async function onChanges(answer) {
  // A message must not stand there twice while its own request is still being answered.
  await settled();
  const stay = atEnd;
  for (const view of answer.messages) show(view);
  showStatus(answer);
  trim();
  showOffers();
  if (stay && answer.messages.length) {
    toEnd();
    for (const image of list.querySelectorAll("img")) if (!image.complete) image.addEventListener("load", toEnd, { once: true });
  }
  latestButton();
}

function trim() {
  for (const [messageId, item] of items) {
    if (items.size <= MAX_MESSAGES) return;
    item.remove();
    items.delete(messageId);
  }
}

function showStatus({ action, bot_online: online }) {
  const status = byId("status");
  const rest = online ? "online" : "waiting for the bot";
  status.textContent = action ? ACTIONS[action] ?? "working" : rest;
  status.dataset.state = online ? "online" : "waiting";
  clearTimeout(actionTimer);
  if (action) actionTimer = setTimeout(() => { status.textContent = rest; }, ACTION_LASTS_MS);
}

function latestButton() {
  atEnd = nearEnd();
  byId("latest").hidden = atEnd;
}

async function commands() {
  const { commands: offered, description } = await api.bot();
  if (description) byId("description").textContent = description;
  byId("menu-button").hidden = offered.length === 0;
  byId("menu").replaceChildren(...offered.map((each) => {
    const item = make("li");
    const button = make("button", "", { type: "button" });
    button.append(make("b", "", {}, `/${each.command}`), make("span", "", {}, each.description));
    button.addEventListener("click", () => {
      toggleMenu(false);
      command(`/${each.command}`);
    });
    item.append(button);
    return item;
  }));
}

function toggleMenu(open) {
  byId("menu").hidden = !open;
  byId("menu-button").setAttribute("aria-expanded", open);
  if (open) commands().then(() => byId("menu").querySelector("button")?.focus()).catch(() => {});
}

async function sendSample() {
  byId("sample").hidden = true;
  const blob = await (await fetch("/sample.jpg")).blob();
  send({ text: "", files: [new File([blob], "sample.jpg", { type: "image/jpeg" })], asFile: false });
}

composer.onSubmit(send);
composer.listen(problem);
byId("start").addEventListener("click", () => {
  command("/start");
  composer.focus();
});
byId("sample").addEventListener("click", () => sendSample().catch(() => problem("The playground has stopped; start it again with make run.")));
byId("latest").addEventListener("click", toEnd);
byId("menu-button").addEventListener("click", () => toggleMenu(byId("menu").hidden));
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !byId("menu").hidden) {
    toggleMenu(false);
    byId("menu-button").focus();
  }
});
document.addEventListener("click", (event) => {
  if (!event.target.closest(".top")) toggleMenu(false);
});
list.addEventListener("click", ({ target }) => {
  if (target.matches(".command")) command(target.textContent);
});
// The tray of chosen photos and a phone's keyboard shorten the feed: the newest stays in sight.
// A scroll event of the same frame comes first and must not take that for scrolling away.
feed.addEventListener("scroll", () => { if (feed.clientHeight === feedHeight) latestButton(); }, { passive: true });
new ResizeObserver(() => {
  feedHeight = feed.clientHeight;
  if (atEnd) toEnd();
  latestButton();
}).observe(feed);

let wasOnline = false;
follow(chatId, {
  onChanges: async (answer) => {
    await onChanges(answer);
    // The bot announces its commands when it comes up, so ask for them then.
    if (answer.bot_online !== wasOnline) commands().catch(() => {});
    wasOnline = answer.bot_online;
  },
  onNewRun: () => {
    // What never arrived stays, so that it can be tried again.
    for (const item of list.querySelectorAll(":scope > [data-id], :scope > .album-holder")) item.remove();
    items.clear();
    albums.clear();
  },
  onLost: () => {
    byId("lost").hidden = false;
    byId("status").textContent = "stopped";
    byId("status").dataset.state = "lost";
  },
  onFound: () => { byId("lost").hidden = true; },
});
