/** Looks at pictures on this device: nothing leaves it. */

import { Trouble } from "./trouble.js";

// Two pictures at a time use two of a machine's cores; where there are more, they rest.
const MOST_WORKERS = 2;

export class Device {
  constructor({ gender, loading }) {
    this.gender = gender;
    this.loading = loading;
    this.workers = [];
    this.ready = null;
  }

  /** How many pictures may be given at once. */
  get places() {
    return Math.max(1, this.workers.length);
  }

  /** Load the networks, once. Throws `Trouble`. */
  load() {
    this.ready ??= this.begin().catch((error) => {
      this.ready = null;
      throw new Trouble("device_failed", { cause: error });
    });
    return this.ready;
  }

  async begin() {
    this.workers = [await Looker.load(this.gender, this.loading)];
    // The second one comes while the first one works already.
    if (MOST_WORKERS > 1 && navigator.hardwareConcurrency > 1) this.another();
  }

  async another() {
    const second = await Looker.load(this.gender, () => {}).catch(() => null);
    if (second) this.workers.push(second);
  }

  /**
   * The faces of a frame or bitmap, which is used up by it. `closer` looks twice where that finds
   * more, `gender` false saves its network's time. Throws `Trouble`.
   */
  async look(picture, wanted = {}) {
    await this.load();
    const looker = this.workers.reduce((a, b) => (b.waiting.size < a.waiting.size ? b : a));
    try {
      return await looker.look(picture, wanted);
    } catch (error) {
      throw new Trouble("device_failed", { cause: error });
    }
  }
}

/** One worker with the networks in it. */
class Looker {
  static async load(gender, loading) {
    const looker = new Looker();
    await looker.prepared(gender, loading);
    return looker;
  }

  constructor() {
    this.waiting = new Map();
    this.number = 0;
    this.worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
    this.worker.addEventListener("message", ({ data }) => this.heard(data));
    this.worker.addEventListener("error", () => this.failed());
  }

  prepared(gender, loading) {
    return new Promise((resolve, reject) => {
      this.preparing = { loading, resolve, reject };
      this.worker.postMessage({ do: "load", gender });
    });
  }

  look(picture, { closer = false, gender = true }) {
    const id = ++this.number;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.worker.postMessage({ do: "look", id, picture, closer, gender }, [picture]);
    });
  }

  heard(data) {
    if (data.loading !== undefined) this.preparing.loading(data.loading);
    else if (data.ready) this.preparing.resolve();
    else if (data.id === undefined) this.failed(data.failed);
    else {
      const { resolve, reject } = this.waiting.get(data.id);
      this.waiting.delete(data.id);
      if (data.failed) reject(new Error(data.failed));
      else resolve(data);
    }
  }

  failed(why = "the worker stopped") {
    this.preparing.reject(new Error(why));
    for (const { reject } of this.waiting.values()) reject(new Error(why));
    this.waiting.clear();
    this.worker.terminate();
  }
}
