/** Boxes and labels over the picture, on the page and in a snapshot. */

import { drawing, GENDER_WORDS, MOODS, WORDS } from "./mood.js";
import { worded } from "./opinions.js";

const FONT = '600 {}px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';
// A face that was not seen for longer is not marked, though remembered and blurred.
const SHOWN_MS = 300;
const BLURRED_PX = 6;

const faces = Object.fromEntries(
  Object.keys(MOODS).map((label) => {
    const image = new Image();
    image.src = drawing(label);
    return [label, image];
  }),
);

/** How a picture of a size lies in a canvas of another: whole, in the middle, mirrored or not. */
export function placed([width, height], canvas, mirrored) {
  const scale = Math.min(canvas.width / width, canvas.height / height);
  const left = (canvas.width - width * scale) / 2;
  const top = (canvas.height - height * scale) / 2;
  const across = (x) => left + (mirrored ? width - x : x) * scale;
  const down = (y) => top + y * scale;
  return {
    area: [left, top, width * scale, height * scale],
    mirrored,
    scale,
    box([x0, y0, x1, y1]) {
      const [a, b] = [across(x0), across(x1)];
      return [Math.min(a, b), down(y0), Math.max(a, b), down(y1)];
    },
  };
}

/** The picture itself, for a snapshot or where faces are blurred. */
export function drawPicture(context, picture, place) {
  const [left, top, width, height] = place.area;
  context.save();
  if (place.mirrored) {
    context.translate(2 * left + width, 0);
    context.scale(-1, 1);
  }
  context.drawImage(picture, left, top, width, height);
  context.restore();
}

/** Make every face unknowable: a few colours are left of it. */
export function blur(context, tracks, place) {
  const few = new OffscreenCanvas(BLURRED_PX, BLURRED_PX);
  const small = few.getContext("2d");
  for (const track of tracks) {
    const [x0, y0, x1, y1] = place.box(track.box);
    const [moreX, moreY] = [(x1 - x0) * 0.15, (y1 - y0) * 0.15];
    const [left, top] = [x0 - moreX, y0 - moreY];
    const [width, height] = [x1 - x0 + 2 * moreX, y1 - y0 + 2 * moreY];
    small.imageSmoothingQuality = "high";
    small.drawImage(context.canvas, left, top, width, height, 0, 0, BLURRED_PX, BLURRED_PX);
    context.save();
    context.beginPath();
    context.ellipse(left + width / 2, top + height / 2, width / 2, height / 2, 0, 0, 2 * Math.PI);
    context.clip();
    context.imageSmoothingEnabled = true;
    context.drawImage(few, 0, 0, BLURRED_PX, BLURRED_PX, left, top, width, height);
    context.restore();
  }
}

/** A box and a label a face; where there are several, its number leads to the details. */
export function mark(context, tracks, place, now) {
  const shown = tracks.filter((track) => now - track.seenAt < SHOWN_MS);
  const taken = [];
  for (const track of shown) outline(context, track, place);
  for (const track of shown) taken.push(label(context, track, place, taken, shown));
}

function outline(context, track, place) {
  const { from, to } = MOODS[track.emotion.first];
  const [x0, y0, x1, y1] = place.box(track.box);
  const [width, height] = [x1 - x0, y1 - y0];
  const stroke = Math.max(2, Math.max(width, height) / 48);
  const colour = context.createLinearGradient(x0, y0, x1, y1);
  colour.addColorStop(0, from);
  colour.addColorStop(1, to);
  context.beginPath();
  context.roundRect(x0, y0, width, height, Math.min(width, height) * 0.14);
  for (const [line, ink] of [[stroke * 1.9, "rgb(255 255 255 / 85%)"], [stroke, colour]]) {
    context.lineWidth = line;
    context.strokeStyle = ink;
    context.stroke();
  }
}

function label(context, track, place, taken, all) {
  const { from, to, ink } = MOODS[track.emotion.first];
  const number = all.length > 1 ? `${track.id}: ` : "";
  const lines = [number + worded(track.emotion, WORDS)];
  if (track.gender) lines.push(worded(track.gender, GENDER_WORDS));
  const box = place.box(track.box);
  const limit = Math.max(context.canvas.width, context.canvas.height);
  const text = Math.min(Math.max((box[2] - box[0]) * 0.12, limit * 0.017, 11), limit * 0.032);
  context.font = FONT.replace("{}", text);
  const [pad, step] = [text * 0.5, text * 1.25];
  const height = step * lines.length + pad * 1.1;
  const face = height - pad * 1.1;
  const widest = Math.max(...lines.map((line) => context.measureText(line).width));
  const width = face + widest + pad * 2.5;
  const [x, y] = spot(box, width, height, place.area, [
    ...taken,
    ...all.filter((other) => other !== track).map((other) => place.box(other.box)),
  ]);
  const ground = context.createLinearGradient(x, y, x + width, y);
  ground.addColorStop(0, from);
  ground.addColorStop(1, to);
  context.save();
  context.shadowColor = "rgb(0 0 0 / 35%)";
  context.shadowBlur = text * 0.6;
  context.shadowOffsetY = text * 0.12;
  context.beginPath();
  context.roundRect(x, y, width, height, height / 3);
  context.fillStyle = ground;
  context.fill();
  context.restore();
  const image = faces[track.emotion.first];
  if (image.complete && image.naturalWidth) {
    context.drawImage(image, x + pad * 0.7, y + (height - face) / 2, face, face);
  }
  context.fillStyle = ink;
  context.textBaseline = "middle";
  lines.forEach((line, row) => {
    context.fillText(line, x + face + pad * 1.4, y + pad * 0.55 + step * (row + 0.53));
  });
  return [x, y, x + width, y + height];
}

/** Where a label covers the least of other labels and faces: above its box, below, beside, inside. */
function spot([x0, y0, x1, y1], width, height, [left, top, wide, high], taken) {
  const middle = (x0 + x1 - width) / 2;
  const gap = height * 0.18;
  const spots = [
    [middle, y0 - height - gap],
    [middle, y1 + gap],
    [x1 + gap, y0],
    [x0 - width - gap, y0],
    [middle, y1 - height - gap],
  ].map(([x, y]) => {
    const inX = Math.min(Math.max(left, x), left + wide - width);
    const inY = Math.min(Math.max(top, y), top + high - height);
    const here = [inX, inY, inX + width, inY + height];
    const covered = taken.reduce((sum, other) => sum + shared(here, other), 0);
    const own = 0.6 * shared(here, [x0, y0, x1, y1]);
    return { x: inX, y: inY, cost: covered + own + Math.abs(inX - x) + Math.abs(inY - y) };
  });
  const best = spots.reduce((a, b) => (b.cost < a.cost ? b : a));
  return [best.x, best.y];
}

function shared(a, b) {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  return Math.max(0, width) * Math.max(0, height);
}
