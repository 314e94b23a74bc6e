/** The page's buttons and switches, and what they look like in each of its states. */

import { keep, recall } from "./settings.js";

const PRIVACY = {
  device: "Nothing leaves this device.",
  server: "Small copies of frames go to this page's server, are answered, and are not stored.",
};
const WELCOME = {
  device: "Your camera's picture is looked at right here: nothing leaves this device.",
  server: "Small copies of your camera's picture go to this page's server and are forgotten at once.",
};

export const byId = (id) => document.getElementById(id);

export class Controls {
  /** `acts` has a function for each button by its id, and `mode(name)` for the switch. */
  constructor(acts) {
    this.main = byId("main");
    for (const [id, act] of Object.entries(acts)) byId(id)?.addEventListener("click", () => act());
    for (const input of document.querySelectorAll("input[name=mode]")) {
      input.addEventListener("change", () => acts.mode(input.value));
    }
    byId("about-button").addEventListener("click", () => byId("about").showModal());
    this.enter("idle");
  }

  /** `idle`, `loading`, `live`, `picture` or `trouble`. */
  get state() {
    return this.main.dataset.state;
  }

  /** Whether the camera runs, or something is loaded for it. */
  get busy() {
    return this.state === "live" || this.state === "loading";
  }

  enter(state) {
    this.main.dataset.state = state;
    byId("welcome").hidden = state !== "idle";
    byId("loading").hidden = state !== "loading";
    byId("toggle-icon").setAttribute("href", this.busy ? "#icon-stop" : "#icon-camera");
    byId("toggle-text").textContent = this.busy ? "Stop" : "Start";
    byId("snapshot").disabled = state !== "live" && state !== "picture";
    if (state !== "live") this.turnable(false);
  }

  turnable(on) {
    byId("turn").hidden = !on;
  }

  /** How much is loaded, 0 to 1. */
  progress(share) {
    byId("progress").value = Math.round(100 * share);
  }

  showMode(mode) {
    this.radio(mode).checked = true;
    byId("privacy").textContent = PRIVACY[mode];
    byId("welcome-text").textContent = WELCOME[mode];
  }

  radio(mode) {
    return document.querySelector(`input[name=mode][value=${mode}]`);
  }

  /** A switch's look; it is the same at the next visit. */
  press(id, on) {
    byId(id).setAttribute("aria-pressed", on);
    keep(id, on);
  }

  pressed(id) {
    return byId(id).getAttribute("aria-pressed") === "true";
  }

  /** Which network and which page this is. */
  introduce({ reached, model }) {
    const version = self.SITE?.version ? `page ${self.SITE.version}` : "";
    const name = reached && model ? `${model.name} ${model.version}` : "";
    byId("about-model").textContent = [name, version].filter(Boolean).join(", ");
  }

  /** The notice of the first use; false where somebody turned away from it. */
  async agreed() {
    if (recall("agreed", false)) return true;
    const dialog = byId("about");
    dialog.returnValue = "";
    dialog.showModal();
    await new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
    const agreed = dialog.returnValue === "continue";
    if (agreed) keep("agreed", true);
    return agreed;
  }

  /** Offer a new version of the page. */
  offer(use) {
    byId("update").hidden = false;
    byId("update-now").addEventListener("click", use, { once: true });
  }
}
