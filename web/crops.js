/**
 * From a bounding box to what a network reads, by the numbers beside it in the manifest.
 *
 * The same cut as the services make: margin, shift, turned upright by the landmarks, borders
 * repeated. Boxes are `[left, top, right, bottom]` in whole pixels; landmarks are five `[x, y]`:
 * the eye on the left of the picture, the right one, nose, left and right corner of the mouth.
 */

import { gray, grayed, part, replicated, resized, rounded, shrunk, warped } from "./pixels.js";

// Of the box's side: landmarks further from its middle, or closer together, are taken for wrong.
const MOST_AWAY = 0.35;
const LEAST_APART = 0.4;

/** The face as a square picture of the network's size, still in colour. */
export function crop(picture, box, spec, landmarks = []) {
  if (spec.upright && landmarks.length && within(landmarks, box)) {
    return turned(picture, upright(landmarks, box, spec), spec.size_px);
  }
  const [x, y, side] = square(box, spec);
  const whole = replicated(picture, x, y, side, side);
  // Gray before it is resized, as in the library: afterwards one pixel in five is another.
  return resized(spec.color === "gray" ? grayed(whole) : whole, spec.size_px, spec.size_px);
}

/** A batch of crops as the network's input: float32 (n, size, size, channels) in one array. */
export function batch(faces, spec) {
  const channels = spec.color === "gray" ? 1 : 3;
  const length = spec.size_px * spec.size_px * channels;
  const values = new Float32Array(faces.length * length);
  const low = Math.fround(spec.input_min);
  const step = Math.fround((spec.input_max - spec.input_min) / 255);
  faces.forEach((face, number) => {
    const start = number * length;
    if (channels === 1) {
      gray(face).forEach((value, i) => (values[start + i] = Math.fround(value * step) + low));
      return;
    }
    for (let i = 0, at = start; i < face.data.length; i += 4) {
      for (let channel = 0; channel < 3; channel++) {
        values[at++] = Math.fround(face.data[i + channel] * step) + low;
      }
    }
  });
  return values;
}

function side([x0, y0, x1, y1]) {
  return Math.max(x1 - x0, y1 - y0);
}

/** Left, top and side of the square that is cut around a box which is not turned. */
function square(box, spec) {
  const [x0, y0, x1, y1] = box;
  const length = Math.max(1, rounded(side(box) * (1 + 2 * spec.margin)));
  const middleX = (x0 + x1) / 2;
  const middleY = (y0 + y1) / 2 + spec.shift_y * side(box);
  return [rounded(middleX - length / 2), rounded(middleY - length / 2), length];
}

/** To the right as the face sees its picture: from eye to eye, and a quarter off its length. */
function across([leftEye, rightEye, , leftMouth, rightMouth]) {
  const downX = leftMouth[0] + rightMouth[0] - leftEye[0] - rightEye[0];
  const downY = leftMouth[1] + rightMouth[1] - leftEye[1] - rightEye[1];
  return [
    rightEye[0] - leftEye[0] + rightMouth[0] - leftMouth[0] + downY,
    rightEye[1] - leftEye[1] + rightMouth[1] - leftMouth[1] - downX,
  ];
}

/** Whether landmarks lie about the box's middle, and apart from each other. */
function within(landmarks, box) {
  const [x0, y0, x1, y1] = box;
  const mean = (axis) => landmarks.reduce((sum, point) => sum + point[axis], 0) / landmarks.length;
  const away = Math.max(Math.abs(mean(0) - (x0 + x1) / 2), Math.abs(mean(1) - (y0 + y1) / 2));
  return away / side(box) < MOST_AWAY && Math.hypot(...across(landmarks)) / side(box) > LEAST_APART;
}

/** The turn, scale and shift `[a, b, x, c, d, y]` from the picture to a crop turned with the face. */
function upright(landmarks, box, spec) {
  const [x0, y0, x1, y1] = box;
  const [right, down] = across(landmarks);
  const length = Math.hypot(right, down);
  const [cosine, sine] = [right / length, -down / length];
  const scale = spec.size_px / Math.max(1, side(box) * (1 + 2 * spec.margin));
  const shift = spec.shift_y * side(box);
  const middleX = (x0 + x1) / 2 + shift * sine;
  const middleY = (y0 + y1) / 2 + shift * cosine;
  const [a, c] = [cosine * scale, sine * scale];
  const half = spec.size_px / 2;
  return [a, -c, half - (a * middleX - c * middleY), c, a, half - (c * middleX + a * middleY)];
}

/** The crop that a similarity shows, without aliasing. */
function turned(picture, view, size) {
  const { width, height } = picture;
  const scale = Math.hypot(view[0], view[3]);
  const factor = Math.max(1, Math.min(Math.floor(1 / scale), width, height));
  const back = inverse(view);
  const corners = [[0, 0], [size, 0], [0, size], [size, size]].map((corner) => moved(back, corner));
  const limit = (value, low, high) => Math.min(Math.max(value, low), high);
  const span = (axis, whole) => {
    const places = corners.map((corner) => corner[axis]);
    const low = limit(Math.floor(Math.min(...places)) - factor, 0, Math.max(whole - factor, 0));
    return [low, limit(Math.ceil(Math.max(...places)) + factor, low + factor, whole)];
  };
  const [left, right] = span(0, width);
  const [top, bottom] = span(1, height);
  let around = part(picture, left, top, right - left, bottom - top);
  if (factor > 1) around = shrunk(around, factor);
  const [a, b, , c, d] = view;
  const turn = [a * factor, b * factor, c * factor, d * factor];
  // Pixels are counted from the middle of the first one, landmarks and boxes from its edge.
  const x = view[2] + a * left + b * top + (turn[0] + turn[1]) / 2 - 0.5;
  const y = view[5] + c * left + d * top + (turn[2] + turn[3]) / 2 - 0.5;
  return warped(around, inverse([turn[0], turn[1], x, turn[2], turn[3], y]), size);
}

function moved([a, b, x, c, d, y], [px, py]) {
  return [a * px + b * py + x, c * px + d * py + y];
}

function inverse([a, b, x, c, d, y]) {
  const area = a * d - b * c;
  const [ia, ib, ic, id] = [d / area, -b / area, -c / area, a / area];
  return [ia, ib, -(ia * x + ib * y), ic, id, -(ic * x + id * y)];
}
