/**
 * Where the faces are, and their eyes, nose and mouth: the services' network on a small copy.
 *
 * Video is looked at once, 320 pixels wide or high. A picture gets a second, closer look where the
 * first one found nothing, or a small face, as on the server.
 */

import { area, COARSEST, decode, MIDDLE_GRAY, suppressed } from "./cells.js";
import { resized, rounded } from "./pixels.js";

const FIRST_PX = 320;
const SECOND_PX = 640;
const LEAST_PX = 192;
const SEEN_WELL_PX = 28;
const LEAST_CLOSER = 1.25;
const MIN_CONFIDENCE = 0.5;
const MOST_SPARE = 16;

export class Detector {
  /** `run(values, [1, 3, height, width])` is the network; `entry` what the manifest says of it. */
  constructor(run, entry) {
    this.run = run;
    this.slope = entry.slope ?? 1;
    this.offset = entry.offset ?? 0;
    this.fromLogit = (Math.log(MIN_CONFIDENCE / (1 - MIN_CONFIDENCE)) - this.offset) / this.slope;
    this.input = new Float32Array(0);
  }

  /** The faces of a picture, largest first: `{box, confidence, landmarks}`, the box in it. */
  async detect(picture, { closer = false } = {}) {
    const { width, height } = picture;
    const [copyWidth, copyHeight] = size(width, height, SECOND_PX);
    const copy = copyWidth > width ? picture : resized(picture, copyWidth, copyHeight);
    let found = await this.look(copy, FIRST_PX);
    const px = closer ? closerPx(found, copy) : 0;
    if (px) found = suppressed([...found, ...(await this.look(copy, px))]);
    return found
      .map((face) => scaled(face, width / copy.width, height / copy.height))
      .filter(({ box }) => box[0] < width && box[1] < height && box[2] > 0 && box[3] > 0)
      .map((face) => ({
        box: clamped(face.box, width, height),
        confidence: 1 / (1 + Math.exp(-Math.max(-50, this.slope * face.score + this.offset))),
        landmarks: face.landmarks,
      }))
      .sort((a, b) => area(b.box) - area(a.box));
  }

  async look(picture, px) {
    const small = resized(picture, ...size(picture.width, picture.height, px));
    const [width, height] = [padded(small.width), padded(small.height)];
    const answer = await this.run(this.filled(small, width, height), [1, 3, height, width]);
    const faces = suppressed(decode(answer, width, height, this.fromLogit));
    return faces.map((face) =>
      scaled(face, picture.width / small.width, picture.height / small.height),
    );
  }

  /** Colours apart, less the middle gray, and gray up to the next multiples of 32. */
  filled({ data, width, height }, wide, high) {
    const plane = wide * high;
    if (this.input.length === plane * 3) this.input.fill(0);
    else this.input = new Float32Array(plane * 3);
    for (let y = 0, i = 0; y < height; y++) {
      for (let at = y * wide, end = at + width; at < end; at++, i += 4) {
        this.input[at] = data[i] - MIDDLE_GRAY;
        this.input[at + plane] = data[i + 1] - MIDDLE_GRAY;
        this.input[at + 2 * plane] = data[i + 2] - MIDDLE_GRAY;
      }
    }
    return this.input;
  }
}

function padded(side) {
  return Math.ceil(side / COARSEST) * COARSEST;
}

/** What a look at `px` shrinks a picture by, or enlarges it by. */
function scale(width, height, px) {
  const long = Math.max(width, height);
  const spare = Math.min(Math.max(1, long / Math.min(width, height) / 2), MOST_SPARE);
  return Math.min(Math.max(1, LEAST_PX / long), (px * Math.sqrt(spare)) / long);
}

function size(width, height, px) {
  const by = scale(width, height, px);
  return [Math.max(1, rounded(width * by)), Math.max(1, rounded(height * by))];
}

/** The long side in which the smallest face is seen well; 0: it is already. */
function closerPx(found, { width, height }) {
  const by = scale(width, height, FIRST_PX);
  if (by >= 1) return 0;
  if (!found.length) return SECOND_PX;
  const sides = found.map(({ box }) => Math.max(box[2] - box[0], box[3] - box[1]));
  const smallest = Math.min(...sides) * by;
  const px = rounded((FIRST_PX * SEEN_WELL_PX) / smallest / COARSEST) * COARSEST;
  return px >= LEAST_CLOSER * FIRST_PX ? Math.min(px, SECOND_PX) : 0;
}

function scaled({ box, score, landmarks }, x, y) {
  return {
    box: [box[0] * x, box[1] * y, box[2] * x, box[3] * y],
    score,
    landmarks: landmarks.map((point) => [point[0] * x, point[1] * y]),
  };
}

/** Whole pixels inside the picture, at least one wide and high. */
function clamped(box, width, height) {
  const x0 = Math.min(Math.max(0, rounded(box[0])), width - 1);
  const y0 = Math.min(Math.max(0, rounded(box[1])), height - 1);
  const x1 = Math.min(Math.max(x0 + 1, rounded(box[2])), width);
  const y1 = Math.min(Math.max(y0 + 1, rounded(box[3])), height);
  return [x0, y0, x1, y1];
}
