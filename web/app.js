/**
 * The page: a camera or a picture, looked at on this device or on the server, and what is seen.
 *
 * After each look the document gets an event `semblance:look` with how it was done and how long
 * it took, for tests and measurements.
 */

import { Camera } from "./camera.js";
import { Device } from "./device.js";
import { about, install } from "./installation.js";
import { Notices } from "./notices.js";
import { Details, MoodPanel } from "./panels.js";
import { Pace } from "./pace.js";
import { Picker } from "./picker.js";
import { Server } from "./server.js";
import { keep, keepKey, recall, recallKey } from "./settings.js";
import { Stage } from "./stage.js";
import { Tracks } from "./tracks.js";
import { codeOf } from "./trouble.js";
import { Watch } from "./watch.js";

const byId = (id) => document.getElementById(id);
const MOST_WAIT_MS = 5000;
const PRIVACY = {
  device: "Nothing leaves this device.",
  server: "Small copies of frames go to this page's server, are answered, and are not stored.",
};
const WELCOME = {
  device: "Your camera's picture is looked at right here: nothing leaves this device.",
  server: "Small copies of your camera's picture go to this page's server and are forgotten at once.",
};

class App {
  constructor() {
    this.main = byId("main");
    this.server = new Server();
    this.server.key = recallKey();
    this.device = null;
    this.mode = "device";
    this.attempts = 0;
    this.still = null;
    this.tracks = new Tracks();
    this.pace = new Pace(byId("pace"));
    this.camera = new Camera(byId("video"), () => this.fail("camera_lost"));
    this.stage = new Stage({ video: byId("video"), canvas: byId("canvas"), stage: byId("stage") });
    this.details = new Details({ panel: byId("details"), faces: byId("details-faces") });
    this.mood = new MoodPanel(
      { panel: byId("mood"), face: byId("mood-face"), word: byId("mood-word"), more: byId("mood-more") },
      byId("announcer"),
    );
    this.watch = new Watch(byId("video"), {
      wanted: () => ({ gender: this.tracks.wantsGender(performance.now()) }),
      seen: (answer, kept) => this.seen(answer, kept),
      trouble: (error) => this.troubled(error, () => this.watch.resume()),
    });
    this.notices = new Notices(
      {
        notice: byId("notice"),
        title: byId("notice-title"),
        text: byId("notice-text"),
        form: byId("key-form"),
        key: byId("key"),
        action: byId("notice-action"),
        other: byId("notice-other"),
      },
      { act: (name) => this.act(name), key: (text) => this.useKey(text) },
    );
    this.picker = new Picker({ input: byId("picker"), drop: byId("drop") }, (file) => this.open(file));
    this.connect();
    this.about = about(this.server);
    this.about.then((said) => this.introduce(said));
  }

  connect() {
    const clicked = (id, act) => byId(id).addEventListener("click", act);
    clicked("start", () => this.start());
    clicked("toggle", () => (this.busy ? this.stop() : this.start()));
    clicked("turn", () => this.turn());
    clicked("choose", () => this.picker.choose());
    clicked("snapshot", () => this.snapshot());
    clicked("blur", () => this.blur(!this.watch.keep));
    clicked("details-switch", () => this.detail(byId("details").hidden));
    clicked("about-button", () => byId("about").showModal());
    for (const input of document.querySelectorAll("input[name=mode]")) {
      input.addEventListener("change", () => this.choose(input.value));
    }
    this.blur(recall("blur", false));
    this.detail(recall("details", false));
    const runs = self.SITE?.runtime !== false;
    if (!runs) {
      document.querySelector("input[value=device]").disabled = true;
      this.notices.lacking.add("device");
    }
    this.choose(runs ? recall("mode", "device") : "server");
    this.enter("idle");
  }

  introduce({ reached, model }) {
    const version = self.SITE?.version ? `page ${self.SITE.version}` : "";
    const name = reached && model ? `${model.name} ${model.version}` : "";
    byId("about-model").textContent = [name, version].filter(Boolean).join(", ");
  }

  get state() {
    return this.main.dataset.state;
  }

  /** Whether the camera runs, or something is loaded for it. */
  get busy() {
    return this.state === "live" || this.state === "loading";
  }

  get looker() {
    return this.mode === "device" ? this.device : this.server;
  }

  enter(state) {
    this.main.dataset.state = state;
    byId("welcome").hidden = state !== "idle";
    byId("loading").hidden = state !== "loading";
    byId("toggle-icon").setAttribute("href", this.busy ? "#icon-stop" : "#icon-camera");
    byId("toggle-text").textContent = this.busy ? "Stop" : "Start";
    byId("snapshot").disabled = state !== "live" && state !== "picture";
    if (state !== "live") byId("turn").hidden = true;
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

  async start() {
    if (!(await this.agreed())) return;
    const run = this.reset();
    try {
      this.stage.live();
      await Promise.all([this.camera.start(), this.prepared(run)]);
    } catch (error) {
      if (run === this.run) this.fail(codeOf(error, "device_failed"));
      return;
    }
    if (run !== this.run) return;
    this.enter("live");
    this.stage.playing(this.camera.mirrored);
    this.watch.start(this.looker);
    byId("turn").hidden = (await Camera.count()) < 2;
  }

  /** Load what the chosen mode needs, with a bar while it takes. */
  async prepared(run) {
    this.enter("loading");
    byId("progress").value = 0;
    const { gender } = await this.about;
    this.device ??= new Device({
      gender,
      loading: (share) => (byId("progress").value = Math.round(100 * share)),
    });
    await this.looker.load();
    if (run === this.run) byId("progress").value = 100;
  }

  /** Forget what was seen; the number of what begins now. */
  reset() {
    clearTimeout(this.timer);
    this.run = (this.run ?? 0) + 1;
    this.attempts = 0;
    this.watch.stop();
    this.camera.stop();
    this.stage.clear();
    this.tracks.clear();
    this.details.clear();
    this.pace.clear();
    this.still = null;
    this.notices.hide();
    this.mood.rest("nobody yet", "Start the camera, or choose a picture.");
    return this.run;
  }

  stop() {
    this.reset();
    this.enter("idle");
    byId("start").focus();
  }

  fail(code) {
    this.reset();
    this.enter("trouble");
    this.notices.show(code);
  }

  async turn() {
    this.camera.turn();
    await this.start();
  }

  async open(file) {
    if (!(await this.agreed())) return;
    const run = this.reset();
    try {
      const picture = await createImageBitmap(file);
      await this.prepared(run);
      if (run !== this.run) return;
      this.still = picture;
      this.stage.still(await createImageBitmap(picture));
      this.enter("picture");
      await this.lookAt(picture);
    } catch (error) {
      if (run === this.run) this.fail(codeOf(error, "picture_unreadable"));
    }
  }

  async lookAt(picture) {
    const run = this.run;
    try {
      const copy = await createImageBitmap(picture);
      const answer = await this.looker.look(copy, { closer: true });
      if (run === this.run) this.seen({ ...answer, inFlight: 1 }, null);
    } catch (error) {
      if (run === this.run) this.troubled(error, () => this.lookAt(picture));
    }
  }

  seen(answer, kept) {
    const now = performance.now();
    this.attempts = 0;
    this.notices.hide("server_away", "server_refused", "too_many");
    const tracks = this.tracks.update(answer.faces, now);
    this.stage.show(tracks, answer.size, kept, now);
    const current = tracks.filter((track) => track.seenAt === now);
    this.mood.show(current[0] ?? null, now);
    this.details.show(current, now);
    this.pace.count(this.mode, answer, now);
    const detail = { mode: this.mode, faces: tracks, ms: answer.ms, inFlight: answer.inFlight };
    document.dispatchEvent(new CustomEvent("semblance:look", { detail }));
  }

  /** A look failed: say so, and look again after a while. */
  troubled(error, again) {
    const code = codeOf(error, "device_failed");
    if (code === "device_failed") {
      this.device = null;
      this.fail(code);
      return;
    }
    const wait = error.waitMs || Math.min(MOST_WAIT_MS, 1000 * 2 ** this.attempts++);
    this.again = again;
    this.tracks.clear();
    this.stage.forget();
    this.mood.rest("waiting", "The server has not answered.");
    this.watch.hold(Infinity);
    clearTimeout(this.timer);
    if (code === "key_wanted") this.server.key = "";
    else this.timer = setTimeout(again, wait);
    this.notices.show(code, { seconds: wait / 1000 });
  }

  useKey(key) {
    this.server.key = key;
    keepKey(key);
    this.notices.hide();
    this.again?.();
  }

  act(name) {
    if (name === "start") this.start();
    if (name === "choose") this.picker.choose();
    if (name === "retry") this.again?.();
    if (name === "device" || name === "server") {
      document.querySelector(`input[name=mode][value=${name}]`).click();
      if (this.state === "trouble") this.start();
    }
  }

  /** On this device or on the server. */
  async choose(mode) {
    this.mode = mode;
    keep("mode", mode);
    document.querySelector(`input[name=mode][value=${mode}]`).checked = true;
    byId("privacy").textContent = PRIVACY[mode];
    byId("welcome-text").textContent = WELCOME[mode];
    if (this.state !== "live" && this.state !== "picture") return;
    await this.change();
  }

  /** Go on with the same camera or picture in another mode. */
  async change() {
    const { state, run } = this;
    clearTimeout(this.timer);
    this.attempts = 0;
    this.watch.stop();
    this.notices.hide();
    this.pace.clear();
    try {
      await this.prepared(run);
    } catch (error) {
      if (run === this.run) this.fail(codeOf(error, "device_failed"));
      return;
    }
    if (run !== this.run) return;
    this.enter(state);
    if (state === "live") this.watch.start(this.looker);
    else if (this.still) await this.lookAt(this.still);
  }

  blur(on) {
    this.watch.keep = on;
    this.stage.blur(on);
    byId("blur").setAttribute("aria-pressed", on);
    keep("blur", on);
  }

  detail(on) {
    byId("details").hidden = !on;
    byId("details-switch").setAttribute("aria-pressed", on);
    keep("details", on);
  }

  async snapshot() {
    const blob = await this.stage.snapshot();
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = `semblance-${new Date().toISOString().slice(0, 19).replaceAll(":", "-")}.png`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }
}

new App();
install((use) => {
  byId("update").hidden = false;
  byId("update-now").addEventListener("click", use, { once: true });
});
