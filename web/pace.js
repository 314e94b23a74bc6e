/** How many pictures are looked at in a second, for people who like to know. */

const OVER_MS = 2000;
const EVERY_MS = 500;
const WHAT = { device: "pictures", server: "answers" };

export class Pace {
  constructor(element) {
    this.element = element;
    this.clear();
  }

  clear() {
    this.times = [];
    this.writtenAt = 0;
    this.element.textContent = "";
  }

  count(mode, { ms }, now) {
    this.times.push(now);
    while (this.times[0] < now - OVER_MS) this.times.shift();
    if (this.times.length < 3 || now - this.writtenAt < EVERY_MS) return;
    this.writtenAt = now;
    const rate = ((this.times.length - 1) * 1000) / (now - this.times[0]);
    const parts = [`${rate.toFixed(0)} ${WHAT[mode]} a second`];
    for (const [stage, name] of [["detect", "finding"], ["classify", "naming"], ["trip", "round trip"]]) {
      if (Number.isFinite(ms[stage])) parts.push(`${name} ${ms[stage].toFixed(0)} ms`);
    }
    this.element.textContent = parts.join(", ");
  }
}
