/** The networks that turn crops into opinions: all faces of a picture in one batch. */

import { batch, crop } from "./crops.js";

export class Classifier {
  /** `run(values, [n, size, size, channels])` is the network; `entry` what the manifest says of it. */
  constructor(run, entry) {
    this.run = run;
    this.spec = entry.crop;
    this.labels = entry.labels;
    this.sureFrom = entry.sure_from;
  }

  /** For each face `{probabilities, sure}`, the probabilities by label. */
  async classify(picture, faces) {
    if (!faces.length) return [];
    const crops = faces.map((face) => crop(picture, face.box, this.spec, face.landmarks));
    const { size_px: size, color } = this.spec;
    const shape = [crops.length, size, size, color === "gray" ? 1 : 3];
    const answer = await this.run(batch(crops, this.spec), shape);
    const count = this.labels.length;
    return crops.map((_, row) => {
      const values = Array.from(answer.subarray(row * count, (row + 1) * count));
      const probabilities = Object.fromEntries(this.labels.map((label, i) => [label, values[i]]));
      return { probabilities, sure: Math.max(...values) >= this.sureFrom };
    });
  }
}
