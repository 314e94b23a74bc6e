/**
 * Looks at pictures beside the page, so that buttons and video never wait for a network.
 *
 * In: `{do: "load", gender}`, then `{do: "look", id, picture, closer, gender}` with a frame or a
 * bitmap.
 * Out: `{loading: share}`, `{ready: model}`, `{id, faces, size, ms}`, or `{failed}`.
 */

import { load } from "./networks.js";

let networks = null;
let canvas = null;

self.onmessage = async ({ data }) => {
  try {
    if (data.do === "load") await prepare(data.gender);
    else postMessage({ id: data.id, ...(await look(data.picture, data)) });
  } catch (error) {
    // For developers' consoles only; the page has words of its own.
    postMessage({ id: data.id, failed: String(error) });
  } finally {
    data.picture?.close();
  }
};

async function prepare(gender) {
  networks = await load({ gender, tell: (share) => postMessage({ loading: share }) });
  // The first run of a network takes longer than the others.
  const empty = new ImageData(640, 480);
  const faces = [{ box: [0, 0, 64, 64], landmarks: [] }];
  await networks.detector.detect(empty);
  await networks.emotion.classify(empty, faces);
  await networks.gender?.classify(empty, faces);
  postMessage({ ready: networks.model });
}

async function look(picture, { closer, gender }) {
  const start = performance.now();
  const pixels = read(picture);
  const readMs = performance.now() - start;
  const found = await networks.detector.detect(pixels, { closer });
  const detectMs = performance.now() - start - readMs;
  const emotions = await networks.emotion.classify(pixels, found);
  const genders = gender && networks.gender ? await networks.gender.classify(pixels, found) : [];
  const classifyMs = performance.now() - start - readMs - detectMs;
  const faces = found.map((face, i) => ({ ...face, emotion: emotions[i], gender: genders[i] ?? null }));
  const ms = { decode: readMs, detect: detectMs, classify: classifyMs };
  return { faces, size: [pixels.width, pixels.height], ms };
}

/** The pixels of a frame or bitmap, on white where it is transparent. */
function read(picture) {
  const width = picture.displayWidth ?? picture.width;
  const height = picture.displayHeight ?? picture.height;
  if (canvas?.width !== width || canvas?.height !== height) canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { willReadFrequently: true, alpha: false });
  context.fillStyle = "#fff";
  context.fillRect(0, 0, width, height);
  context.drawImage(picture, 0, 0, width, height);
  return context.getImageData(0, 0, width, height);
}
