/** The mood of the largest face in large letters, and all probabilities of all faces. */

import { drawing, GENDER_WORDS, MOODS, WORDS } from "./mood.js";
import { candidates, percent, worded } from "./opinions.js";

const MOST_DETAILED = 4;
const LONG_WORD = 11;
// People cannot read numbers that change with every frame.
const EVERY_MS = 125;
const ANNOUNCE_MS = 2500;

export class MoodPanel {
  constructor(elements, announcer) {
    this.of = elements;
    this.announcer = announcer;
    this.label = null;
    this.announcedAt = -Infinity;
    this.writtenAt = 0;
  }

  /** The largest face's track, or null where nobody is seen. */
  show(track, now) {
    const label = track?.emotion.first ?? null;
    if (label === this.label && now - this.writtenAt < EVERY_MS) return;
    this.writtenAt = now;
    if (!track) {
      this.rest("nobody there", "No face is in the picture.");
      return;
    }
    const named = candidates(track.emotion);
    const word = named.map((one) => WORDS[one.label]).join(" or ") + (track.emotion.sure ? "" : "?");
    const facts = named.map((one) => `${one.percent} %`).join(" or ");
    const other = track.gender ? `, ${worded(track.gender, GENDER_WORDS)}` : "";
    this.write(label, capital(word), `${facts}${other}`);
    this.announce(`Apparent expression: ${word}`, now);
  }

  rest(word, more) {
    this.write(null, capital(word), more);
  }

  write(label, word, more) {
    const { of } = this;
    const mood = MOODS[label ?? "neutral"];
    of.word.textContent = word;
    of.word.classList.toggle("long", word.length > LONG_WORD);
    of.more.textContent = more;
    if (label === this.label && of.panel.dataset.mood !== undefined) return;
    this.label = label;
    of.panel.dataset.mood = label ?? "";
    of.panel.classList.toggle("none", label === null);
    of.face.src = drawing(label ?? "neutral");
    of.panel.classList.remove("changed");
    // Read, so that the animation begins anew.
    void of.panel.offsetWidth;
    of.panel.classList.toggle("changed", label !== null);
    const style = document.documentElement.style;
    style.setProperty("--from", mood.from);
    style.setProperty("--to", mood.to);
    style.setProperty("--mood-ink", mood.ink);
  }

  announce(text, now) {
    if (this.announcer.textContent === text || now - this.announcedAt < ANNOUNCE_MS) return;
    this.announcedAt = now;
    this.announcer.textContent = text;
  }
}

export class Details {
  constructor(elements) {
    this.of = elements;
    this.cards = new Map();
    this.writtenAt = 0;
  }

  show(tracks, now) {
    if (this.of.panel.hidden || now - this.writtenAt < EVERY_MS) return;
    this.writtenAt = now;
    const shown = tracks.slice(0, MOST_DETAILED);
    for (const [id, card] of this.cards) {
      if (shown.some((track) => track.id === id)) continue;
      card.element.remove();
      this.cards.delete(id);
    }
    shown.forEach((track, i) => {
      if (!this.cards.has(track.id)) this.cards.set(track.id, new Card(track));
      const card = this.cards.get(track.id);
      card.write(track);
      if (this.of.faces.children[i] !== card.element) {
        this.of.faces.insertBefore(card.element, this.of.faces.children[i] ?? null);
      }
    });
  }

  clear() {
    this.of.faces.replaceChildren();
    this.cards.clear();
  }
}

/** The rows of one face. */
class Card {
  constructor(track) {
    this.element = element("section", "face");
    this.title = element("h3", "", `Face ${track.id}`);
    this.element.append(this.title);
    this.rows = new Map();
    this.list(track.emotion, WORDS, MOODS);
    if (track.gender) this.list(track.gender, GENDER_WORDS, {});
  }

  list({ probabilities }, words, colours) {
    const list = element("dl", "rows");
    for (const label of Object.keys(probabilities)) {
      const row = element("div", "row");
      const bar = element("dd", "bar");
      bar.setAttribute("aria-hidden", "true");
      const fill = element("i");
      if (colours[label]) {
        fill.style.setProperty("--row-from", colours[label].from);
        fill.style.setProperty("--row-to", colours[label].to);
      }
      bar.append(fill);
      const number = element("dd", "percent");
      row.append(element("dt", "", capital(words[label] ?? label)), bar, number);
      list.append(row);
      this.rows.set(label, { fill, number });
    }
    this.element.append(list);
  }

  write(track) {
    const all = { ...track.emotion.probabilities, ...track.gender?.probabilities };
    for (const [label, value] of Object.entries(all)) {
      const row = this.rows.get(label);
      if (!row) continue;
      row.fill.style.transform = `scaleX(${value.toFixed(3)})`;
      row.number.textContent = `${percent(value)} %`;
    }
  }
}

function element(name, className = "", text = "") {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
