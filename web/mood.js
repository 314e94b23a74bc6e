/**
 * Labels of the networks as people see them: a word, two colours from left to right, and the
 * colour of writing upon them. The drawn face of each is moods/LABEL.svg.
 */

export const MOODS = {
  neutral: { word: "neutral", from: "#56657a", to: "#37445a", ink: "#ffffff" },
  happiness: { word: "happy", from: "#ffd24a", to: "#ff9838", ink: "#3d2100" },
  surprise: { word: "surprised", from: "#c026d3", to: "#6d28d9", ink: "#ffffff" },
  sadness: { word: "sad", from: "#2f6fe4", to: "#1e3a8a", ink: "#ffffff" },
  anger: { word: "angry", from: "#d92626", to: "#861313", ink: "#ffffff" },
  disgust: { word: "disgusted", from: "#4b7a10", to: "#1d4d1f", ink: "#ffffff" },
  fear: { word: "afraid", from: "#4a43c9", to: "#272264", ink: "#ffffff" },
  contempt: { word: "scornful", from: "#0f766e", to: "#134e4a", ink: "#ffffff" },
};

export const WORDS = Object.fromEntries(
  Object.entries(MOODS).map(([label, { word }]) => [label, word]),
);

export const GENDER_WORDS = { woman: "woman", man: "man" };

export function drawing(label) {
  return new URL(`./moods/${label}.svg`, import.meta.url).href;
}
