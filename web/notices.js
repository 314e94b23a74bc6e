/** What the page says when something is not as it should be, and what to do then. */

const WORDS = {
  camera_refused: {
    title: "The camera was refused",
    text: "Allow it with the camera or lock sign beside the address of this page, then try again. A picture works without a camera.",
    action: ["Try again", "start"],
    other: ["Choose a picture", "choose"],
  },
  no_camera: {
    title: "There is no camera",
    text: "Connect one and try again, or choose a picture.",
    action: ["Choose a picture", "choose"],
    other: ["Try again", "start"],
  },
  camera_busy: {
    title: "The camera does not start",
    text: "Another program may be using it. Close that and try again, or choose a picture.",
    action: ["Try again", "start"],
    other: ["Choose a picture", "choose"],
  },
  camera_lost: {
    title: "The camera has gone",
    text: "It was unplugged, or taken away by the system.",
    action: ["Start again", "start"],
    other: ["Choose a picture", "choose"],
  },
  camera_unsafe: {
    title: "No camera on this address",
    text: "Browsers give a camera only to pages whose address begins with https:// or that come from this machine itself. A picture works here too.",
    action: ["Choose a picture", "choose"],
  },
  device_failed: {
    title: "The networks do not run here",
    text: "They could not be loaded, or this browser is too old for them. Try again, or let the server look at the pictures.",
    action: ["Try again", "start"],
    other: ["Use the server", "server"],
  },
  server_away: {
    title: "The server is away",
    text: "This page goes on by itself when it is back.",
    action: ["Retry now", "retry"],
    other: ["Look on this device", "device"],
  },
  server_refused: {
    title: "The server does not take this picture",
    text: "The next one may be fine.",
    action: ["Retry now", "retry"],
    other: ["Look on this device", "device"],
  },
  too_many: {
    title: "Too many pictures for the server",
    text: "It asks to wait for {seconds} s. The page goes on by itself.",
    other: ["Look on this device", "device"],
  },
  key_wanted: {
    title: "The server wants a key",
    text: "Its operator can give you one. It is kept until this tab is closed.",
    key: true,
    other: ["Look on this device", "device"],
  },
  key_wrong: {
    title: "The server does not know this key",
    text: "Look whether all of it is there. It is kept until this tab is closed.",
    key: true,
    other: ["Look on this device", "device"],
  },
  picture_unreadable: {
    title: "This file is no picture that can be read",
    text: "JPEG, PNG, WebP and GIF work everywhere.",
    action: ["Choose another", "choose"],
  },
};

export class Notices {
  /** `act(name)` is called for what a button stands for, `key(text)` for a key that was given. */
  constructor({ act, key }) {
    const byId = (id) => document.getElementById(id);
    const elements = {
      notice: byId("notice"),
      title: byId("notice-title"),
      text: byId("notice-text"),
      form: byId("key-form"),
      key: byId("key"),
      action: byId("notice-action"),
      other: byId("notice-other"),
    };
    this.of = elements;
    // What this installation lacks is not offered.
    this.code = null;
    this.lacking = new Set();
    for (const button of [elements.action, elements.other]) {
      button.addEventListener("click", () => act(button.dataset.act));
    }
    elements.form.addEventListener("submit", (event) => {
      event.preventDefault();
      const given = elements.key.value.trim();
      elements.key.value = "";
      if (given) key(given);
    });
  }

  show(code, { seconds = 0 } = {}) {
    const words = WORDS[code] ?? WORDS.device_failed;
    const text = words.text.replace("{seconds}", Math.max(1, Math.ceil(seconds)));
    // A screen reader reads the whole notice again for any change.
    if (this.code === code && this.of.text.textContent === text) return;
    this.code = code;
    this.of.title.textContent = words.title;
    this.of.text.textContent = text;
    this.of.form.hidden = !words.key;
    this.offer(this.of.action, words.action);
    this.offer(this.of.other, words.other);
    this.of.notice.hidden = false;
    if (words.key) this.of.key.focus();
  }

  hide(...codes) {
    if (codes.length && !codes.includes(this.code)) return;
    this.code = null;
    this.of.notice.hidden = true;
  }

  /** A choice on a button, unless there is none or this installation lacks it. */
  offer(button, choice) {
    button.hidden = !choice || this.lacking.has(choice[1]);
    if (choice) [button.textContent, button.dataset.act] = choice;
  }
}
