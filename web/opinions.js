/** How likely labels are turned into words: one, or two where the network is not sure. */

import { rounded } from "./pixels.js";

const PLAUSIBLE_FROM = 0.1;

/**
 * What to name to people, likeliest first: `[{label, percent}]`, a percentage of 0 to 99 as nothing
 * is ever certain. `first` is put first where it is given.
 */
export function candidates({ probabilities, sure, first }) {
  const likely = Object.entries(probabilities).sort((a, b) => b[1] - a[1]);
  const at = likely.findIndex(([label]) => label === first);
  if (at > 0) likely.unshift(...likely.splice(at, 1));
  const second = !sure && likely.length > 1 && likely[1][1] >= PLAUSIBLE_FROM;
  return likely.slice(0, second ? 2 : 1).map(([label, value]) => ({ label, percent: percent(value) }));
}

export function percent(probability) {
  return Math.min(99, rounded(100 * probability));
}

/** The likeliest label. */
export function top(probabilities) {
  return Object.entries(probabilities).reduce((a, b) => (b[1] > a[1] ? b : a))[0];
}

/** As words: "happy 93 %", "happy? 60 %" or "happy or surprised?". */
export function worded(opinion, words) {
  const [one, other] = candidates(opinion);
  if (other) return `${words[one.label]} or ${words[other.label]}?`;
  return `${words[one.label]}${opinion.sure ? "" : "?"} ${one.percent} %`;
}
