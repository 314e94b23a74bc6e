/** The networks' files and the runtime that computes them, fetched once and checked. */

import * as ort from "./runtime/1.30.0/ort.wasm.min.mjs";
import { Classifier } from "./classifiers.js";
import { Detector } from "./detector.js";

const RUNTIME = "./runtime/1.30.0/ort-wasm-simd-threaded.wasm";
// Where a server does not say how many bytes a file will have, as with compressed ones.
const ABOUT_BYTES = { wasm: 14_300_000, onnx: 2_100_000 };

/**
 * Load detector and classifiers; `gender` false leaves its network where it is. `tell(share)` is
 * called with what is there already, 0 to 1. Throws where a file is missing or not the right one.
 */
export async function load({ gender, tell }) {
  const manifest = await (await fetched("./models/manifest.json")).json();
  const entries = { detector: manifest.detector, emotion: manifest.networks.emotion };
  if (gender) entries.gender = manifest.networks.gender;
  const download = new Download(tell);
  const runtime = download.file(RUNTIME, ABOUT_BYTES.wasm);
  const weights = Object.values(entries).map((entry) => download.network(entry));
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmBinary = await runtime;
  ort.env.logLevel = "error";
  const runs = [];
  for (const bytes of weights) runs.push(await opened(await bytes));
  const [detector, emotion, other] = Object.values(entries).map((entry, i) => [runs[i], entry]);
  return {
    detector: new Detector(...detector),
    emotion: new Classifier(...emotion),
    gender: gender ? new Classifier(...other) : null,
    model: { name: manifest.name, version: manifest.version },
  };
}

/** A network as a function of numbers and their shape. */
async function opened(weights) {
  const session = await ort.InferenceSession.create(weights, {
    executionProviders: ["wasm"],
    graphOptimizationLevel: "all",
  });
  const [input] = session.inputNames;
  const [output] = session.outputNames;
  return async (values, shape) => {
    const feed = { [input]: new ort.Tensor("float32", values, shape) };
    return (await session.run(feed, [output]))[output].data;
  };
}

/** Several files at once, and how much of all of them is there. */
class Download {
  constructor(tell) {
    this.tell = tell;
    this.parts = [];
  }

  async network(entry) {
    const sha256 = entry.sha256[entry.file];
    const url = `./models/${sha256.slice(0, 12)}/${entry.file}`;
    const bytes = await this.file(url, ABOUT_BYTES.onnx);
    // Other weights would answer with the same confidence.
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    const found = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
    if (found !== sha256) throw new Error(`${entry.file} is not the file of the manifest`);
    return bytes;
  }

  async file(path, aboutBytes) {
    const part = { done: 0, whole: aboutBytes };
    this.parts.push(part);
    const response = await fetched(path);
    const told = Number(response.headers.get("content-length"));
    if (told && !response.headers.get("content-encoding")) part.whole = told;
    const pieces = [];
    const reader = response.body.getReader();
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      pieces.push(piece.value);
      part.done += piece.value.length;
      this.tell(this.share());
    }
    part.whole = part.done;
    return new Uint8Array(await new Blob(pieces).arrayBuffer());
  }

  share() {
    const sum = (of) => this.parts.reduce((total, part) => total + of(part), 0);
    return Math.min(1, sum((part) => Math.min(part.done, part.whole)) / sum((part) => part.whole));
  }
}

async function fetched(path) {
  const response = await fetch(new URL(path, import.meta.url));
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response;
}
