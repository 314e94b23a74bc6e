/**
 * What the detector's network writes, cell by cell, and the faces that it means.
 *
 * Its answer is (15, cells): for every cell of three maps, the finest first and each row by row,
 * a score's logit, the box's centre and the logarithm of its size, and five landmarks, all from
 * the cell's centre in units of four strides. A face is `{box, score, landmarks}` in pixels.
 */

export const STRIDES = [8, 16, 32];
export const COARSEST = 32;
export const MIDDLE_GRAY = 127.5;
const UNIT = 4;
const OUTPUTS = 15;
const MOST_CELLS = 512;
// Overlap from which two boxes are one face, and what of a box others may cover, if about as large.
const SAME = 0.4;
const COVERED = 0.7;
const ALIKE = 4;
const [LEAST_LOG, MOST_LOG] = [-6, 4];

/** The faces of an answer for a picture of this size, overlapping ones included. */
export function decode(values, width, height, fromLogit) {
  const cells = values.length / OUTPUTS;
  let likely = [];
  for (let cell = 0; cell < cells; cell++) if (values[cell] >= fromLogit) likely.push(cell);
  if (likely.length > MOST_CELLS) {
    likely = likely.sort((a, b) => values[b] - values[a]).slice(0, MOST_CELLS);
  }
  return likely.map((cell) => read(values, cells, cell, width, height)).filter(hasNumbers);
}

function read(values, cells, cell, width, height) {
  const of = (output) => values[output * cells + cell];
  const [x, y, stride] = centre(cell, width, height);
  const unit = UNIT * stride;
  const half = (output) => (Math.exp(Math.min(Math.max(of(output), LEAST_LOG), MOST_LOG)) * unit) / 2;
  const [middleX, middleY] = [x + of(1) * unit, y + of(2) * unit];
  const [halfX, halfY] = [half(3), half(4)];
  return {
    box: [middleX - halfX, middleY - halfY, middleX + halfX, middleY + halfY],
    score: of(0),
    landmarks: [5, 7, 9, 11, 13].map((output) => [of(output) * unit + x, of(output + 1) * unit + y]),
  };
}

/** Centre and stride of a cell, in pixels. */
function centre(cell, width, height) {
  for (const stride of STRIDES) {
    const columns = Math.floor(width / stride);
    const count = columns * Math.floor(height / stride);
    if (cell < count) {
      return [((cell % columns) + 0.5) * stride, (Math.floor(cell / columns) + 0.5) * stride, stride];
    }
    cell -= count;
  }
  throw new RangeError("more cells than the picture has");
}

function hasNumbers({ box, score, landmarks }) {
  return [score, ...box, ...landmarks.flat()].every(Number.isFinite);
}

/** Of faces that overlap the one with the best score, best first. */
export function suppressed(faces) {
  const sorted = [...faces].sort((a, b) => b.score - a.score);
  const gone = new Uint8Array(sorted.length);
  const covered = new Float64Array(sorted.length);
  return sorted.filter((face, i) => {
    if (gone[i] || covered[i] > COVERED) return false;
    for (let j = i + 1; j < sorted.length; j++) {
      const [one, other] = [area(face.box), area(sorted[j].box)];
      const common = shared(face.box, sorted[j].box);
      if (common / Math.max(one + other - common, 1e-9) > SAME) gone[j] = 1;
      const ratio = Math.max(one, 1e-9) / Math.max(other, 1e-9);
      if (ratio > 1 / ALIKE && ratio < ALIKE) covered[j] += common / Math.max(other, 1e-9);
    }
    return true;
  });
}

/** Intersection over union of two boxes. */
export function overlap(a, b) {
  const common = shared(a, b);
  return common / Math.max(area(a) + area(b) - common, 1e-9);
}

export function area([x0, y0, x1, y1]) {
  return (x1 - x0) * (y1 - y0);
}

function shared(a, b) {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  return Math.max(0, width) * Math.max(0, height);
}
