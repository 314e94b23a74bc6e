/** Looks at pictures on the server: one request in flight, the newest frame only. */

import { Trouble } from "./trouble.js";

const MOST_PX = 640;
// A single picture may have small faces, and need not be quick.
const MOST_CLOSER_PX = 1600;
const JPEG_QUALITY = 0.85;
const PATIENCE_MS = 10_000;
const API = new URL("../v1/", import.meta.url);

export class Server {
  constructor() {
    this.key = "";
    this.canvas = null;
  }

  get places() {
    return 1;
  }

  async load() {}

  /** What this installation is and allows, or null where it cannot be reached. */
  async about() {
    try {
      const response = await fetch(new URL("about", API), { signal: AbortSignal.timeout(PATIENCE_MS) });
      return response.ok ? await response.json() : null;
    } catch {
      return null;
    }
  }

  /** The faces of a frame or bitmap, which is used up by it. Throws `Trouble`. */
  async look(picture, { closer = false } = {}) {
    const size = sizeOf(picture);
    const start = performance.now();
    const { blob, by } = await this.encoded(picture, size, closer ? MOST_CLOSER_PX : MOST_PX);
    const answer = await this.asked(blob);
    const faces = answer.faces.map((face) => ({
      box: face.box_xyxy.map((side) => side / by),
      confidence: face.confidence,
      emotion: { probabilities: face.emotion.probabilities, sure: face.emotion.sure },
      gender: face.gender
        ? { probabilities: face.gender.probabilities, sure: face.gender.sure }
        : null,
    }));
    return { faces, size, ms: { ...answer.ms, trip: performance.now() - start } };
  }

  async encoded(picture, [width, height], mostPx) {
    const by = Math.min(1, mostPx / Math.max(width, height));
    const [toWidth, toHeight] = [Math.max(1, Math.round(width * by)), Math.max(1, Math.round(height * by))];
    if (this.canvas?.width !== toWidth || this.canvas?.height !== toHeight) {
      this.canvas = new OffscreenCanvas(toWidth, toHeight);
    }
    const context = this.canvas.getContext("2d", { alpha: false });
    context.fillStyle = "#fff";
    context.fillRect(0, 0, toWidth, toHeight);
    context.imageSmoothingQuality = "high";
    context.drawImage(picture, 0, 0, toWidth, toHeight);
    picture.close();
    const blob = await this.canvas.convertToBlob({ type: "image/jpeg", quality: JPEG_QUALITY });
    return { blob, by };
  }

  async asked(blob) {
    const headers = { "Content-Type": "image/jpeg", Accept: "application/json" };
    if (this.key) headers.Authorization = `Bearer ${this.key}`;
    let response;
    try {
      response = await fetch(new URL("faces", API), {
        method: "POST",
        headers,
        body: blob,
        cache: "no-store",
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      if (response.ok) return readable(await response.json());
    } catch (error) {
      throw new Trouble("server_away", { cause: error });
    }
    throw new Trouble(this.codeOf(response.status), { waitMs: waitOf(response) });
  }

  codeOf(status) {
    if (status === 401) return this.key ? "key_wrong" : "key_wanted";
    if (status === 429) return "too_many";
    return status >= 500 || status === 408 ? "server_away" : "server_refused";
  }
}

function sizeOf(picture) {
  return [picture.displayWidth ?? picture.width, picture.displayHeight ?? picture.height];
}

/** An answer of ours, and not of something else that answers at this address. */
function readable(answer) {
  if (!Array.isArray(answer?.faces)) throw new TypeError("no faces in the answer");
  return answer;
}

/** Milliseconds that the server asks for, 0 where it does not. */
function waitOf(response) {
  const seconds = Number(response.headers.get("retry-after"));
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : 0;
}
