/**
 * The same faces from frame to frame: each keeps its number, and what is said of it changes
 * smoothly instead of flickering.
 */

import { area, overlap } from "./cells.js";
import { top } from "./opinions.js";

const SMOOTH_MS = 350;
const BOX_SMOOTH_MS = 60;
const FORGET_MS = 1000;
const LEAST_OVERLAP = 0.15;
// Of the face's side: a face that moved quickly overlaps its last place no more.
const MOST_MOVED = 0.7;
// Networks say the same of a person's gender from frame to frame, so they are asked less often.
const GENDER_EVERY_MS = 120;
// A label takes over from another only where it is this much likelier.
const LEAD = 0.06;

export class Tracks {
  constructor() {
    this.clear();
  }

  clear() {
    this.all = [];
    this.number = 0;
  }

  /** Whether the next look should be for gender, too. */
  wantsGender(now) {
    return !this.all.length || this.all.some((track) => now - track.genderAt > GENDER_EVERY_MS);
  }

  /** What is known after a look at `now` (ms): all tracks, the largest face first. */
  update(faces, now) {
    this.all = this.all.filter((track) => now - track.seenAt < FORGET_MS);
    for (const [track, face] of pairs(this.all, faces)) {
      if (track) follow(track, face, now);
      else this.all.push(begun(++this.number, face, now));
    }
    this.all.sort((a, b) => area(b.box) - area(a.box));
    return this.all;
  }
}

/** Each face with the track that it continues, or null; the nearest pairs first. */
function pairs(tracks, faces) {
  const likely = [];
  for (const track of tracks) {
    for (const face of faces) {
      const near = nearness(track.box, face.box);
      if (near > 0) likely.push({ track, face, near });
    }
  }
  likely.sort((a, b) => b.near - a.near);
  const continued = new Map();
  const taken = new Set();
  for (const { track, face } of likely) {
    if (taken.has(track) || continued.has(face)) continue;
    taken.add(track);
    continued.set(face, track);
  }
  return faces.map((face) => [continued.get(face) ?? null, face]);
}

/** Above 1 where boxes overlap, above 0 where they are close and about as large, else 0. */
function nearness(a, b) {
  const common = overlap(a, b);
  if (common > LEAST_OVERLAP) return 1 + common;
  const ratio = Math.sqrt(area(a) / area(b));
  const side = Math.sqrt(Math.max(area(a), area(b)));
  const moved = Math.hypot(a[0] + a[2] - b[0] - b[2], a[1] + a[3] - b[1] - b[3]) / 2 / side;
  return ratio > 0.6 && ratio < 1.7 && moved < MOST_MOVED ? 1 - moved : 0;
}

function begun(id, face, now) {
  return {
    id,
    box: face.box,
    confidence: face.confidence,
    emotion: opinion(null, face.emotion, 1),
    gender: face.gender && opinion(null, face.gender, 1),
    genderAt: face.gender ? now : -Infinity,
    seenAt: now,
  };
}

function follow(track, face, now) {
  const share = (since, smooth) => 1 - Math.exp((since - now) / smooth);
  const moved = share(track.seenAt, BOX_SMOOTH_MS);
  track.box = track.box.map((side, i) => side + (face.box[i] - side) * moved);
  track.confidence = face.confidence;
  track.emotion = opinion(track.emotion, face.emotion, share(track.seenAt, SMOOTH_MS));
  if (face.gender) {
    track.gender = opinion(track.gender, face.gender, share(track.genderAt, SMOOTH_MS));
    track.genderAt = now;
  }
  track.seenAt = now;
}

/** The mean of an earlier opinion and, by its share, a newer one. */
function opinion(earlier, newer, share) {
  const likely = { ...newer.probabilities };
  let certainty = newer.sure ? 1 : 0;
  if (earlier) {
    for (const label of Object.keys(likely)) {
      const before = earlier.probabilities[label] ?? 0;
      likely[label] = before + (likely[label] - before) * share;
    }
    certainty = earlier.certainty + (certainty - earlier.certainty) * share;
  }
  const leader = top(likely);
  const kept = earlier && likely[leader] - likely[earlier.first] < LEAD;
  return { probabilities: likely, certainty, sure: certainty >= 0.5, first: kept ? earlier.first : leader };
}
