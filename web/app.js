/**
 * The page: a camera or a picture, looked at on this device or on the server, and what is seen.
 *
 * After each look the document gets an event `semblance:look` with how it was done and how long
 * it took, for tests and measurements.
 */

import { Camera } from "./camera.js";
import { byId, Controls } from "./controls.js";
import { Device } from "./device.js";
import { about, install } from "./installation.js";
import { Notices } from "./notices.js";
import { Pace } from "./pace.js";
import { Details, MoodPanel } from "./panels.js";
import { Picker } from "./picker.js";
import { Server } from "./server.js";
import { keep, keepKey, recall, recallKey } from "./settings.js";
import { Stage } from "./stage.js";
import { Tracks } from "./tracks.js";
import { codeOf } from "./trouble.js";
import { Watch } from "./watch.js";

const MOST_WAIT_MS = 5000;

class App {
  constructor() {
    this.server = new Server();
    this.server.key = recallKey();
    this.device = null;
    this.run = 0;
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
    this.notices = new Notices({ act: (name) => this.act(name), key: (text) => this.useKey(text) });
    this.picker = new Picker({ input: byId("picker"), drop: byId("drop") }, (file) => this.open(file));
    this.controls = new Controls({
      start: () => this.start(),
      toggle: () => (this.controls.busy ? this.stop() : this.start()),
      turn: () => this.turn(),
      choose: () => this.picker.choose(),
      snapshot: () => this.snapshot(),
      blur: () => this.blur(!this.controls.pressed("blur")),
      "details-switch": () => this.detail(!this.controls.pressed("details-switch")),
      mode: (name) => this.choose(name),
    });
    this.about = about(this.server);
    this.about.then((said) => this.controls.introduce(said));
    this.remember();
  }

  /** What was chosen at the last visit. */
  remember() {
    this.blur(recall("blur", false));
    this.detail(recall("details-switch", false));
    const runs = self.SITE?.runtime !== false;
    if (!runs) {
      this.controls.radio("device").disabled = true;
      this.notices.lacking.add("device");
    }
    this.choose(runs ? recall("mode", "device") : "server");
  }

  get looker() {
    return this.mode === "device" ? this.device : this.server;
  }

  async start() {
    if (!(await this.controls.agreed())) return;
    const run = this.reset();
    try {
      this.stage.live();
      await Promise.all([this.camera.start(), this.prepared(run)]);
    } catch (error) {
      if (run === this.run) this.fail(codeOf(error, "device_failed"));
      return;
    }
    if (run !== this.run) return;
    this.controls.enter("live");
    this.stage.playing(this.camera.mirrored);
    this.watch.start(this.looker);
    this.controls.turnable((await Camera.count()) > 1);
  }

  /** Load what the chosen mode needs, with a bar while it takes. */
  async prepared(run) {
    this.controls.enter("loading");
    this.controls.progress(0);
    const { gender } = await this.about;
    this.device ??= new Device({ gender, loading: (share) => this.controls.progress(share) });
    await this.looker.load();
    if (run === this.run) this.controls.progress(1);
  }

  /** Forget what was seen; the number of what begins now. */
  reset() {
    clearTimeout(this.timer);
    this.attempts = 0;
    this.watch.stop();
    this.camera.stop();
    this.stage.clear();
    this.tracks.clear();
    this.details.clear();
    this.pace.clear();
    this.still?.close();
    this.still = null;
    this.notices.hide();
    this.mood.rest("nobody yet", "Start the camera, or choose a picture.");
    return ++this.run;
  }

  stop() {
    this.reset();
    this.controls.enter("idle");
    byId("start").focus();
  }

  fail(code) {
    this.reset();
    this.controls.enter("trouble");
    this.notices.show(code);
  }

  async turn() {
    this.camera.turn();
    await this.start();
  }

  /** Look at a picture instead of the camera. */
  async open(file) {
    if (!(await this.controls.agreed())) return;
    const run = this.reset();
    try {
      const picture = await createImageBitmap(file);
      await this.prepared(run);
      if (run !== this.run) return;
      this.still = picture;
      this.stage.still(await createImageBitmap(picture));
      this.controls.enter("picture");
      await this.lookAt(picture);
    } catch (error) {
      if (run === this.run) this.fail(codeOf(error, "picture_unreadable"));
    }
  }

  async lookAt(picture) {
    const { run } = this;
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
    this.watch.hold();
    clearTimeout(this.timer);
    if (code === "key_wanted" || code === "key_wrong") this.server.key = "";
    else this.timer = setTimeout(again, wait);
    this.notices.show(code, { seconds: wait / 1000 });
  }

  useKey(key) {
    this.server.key = key;
    keepKey(key);
    this.notices.hide();
    this.again?.();
  }

  /** What a notice offers. */
  act(name) {
    if (name === "start") this.start();
    if (name === "choose") this.picker.choose();
    if (name === "retry") this.again?.();
    if (name === "device" || name === "server") {
      this.choose(name);
      if (this.controls.state === "trouble") this.start();
    }
  }

  /** On this device or on the server; with the same camera or picture where there is one. */
  async choose(mode) {
    const { run } = this;
    const { state } = this.controls;
    this.mode = mode;
    keep("mode", mode);
    this.controls.showMode(mode);
    if (state !== "live" && state !== "picture") return;
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
    if (run !== this.run || mode !== this.mode) return;
    this.controls.enter(state);
    if (state === "live") this.watch.start(this.looker);
    else if (this.still) await this.lookAt(this.still);
  }

  blur(on) {
    this.watch.keep = on;
    this.stage.blur(on);
    this.controls.press("blur", on);
  }

  detail(on) {
    byId("details").hidden = !on;
    this.controls.press("details-switch", on);
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

const app = new App();
install((use) => app.controls.offer(use));
