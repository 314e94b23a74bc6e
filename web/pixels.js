/**
 * Pictures as the networks' crops are made of: resizing, turning and gray, in whole numbers.
 *
 * A picture is `{data, width, height}` with four bytes a pixel (red, green, blue and one that
 * nobody reads), as `ImageData` has them. The arithmetic is that of the services' library, digit
 * by digit, so that a face gives the same numbers on the device and on the server.
 */

/** Rounds halves to the even neighbour. */
export function rounded(value) {
  const up = Math.floor(value + 0.5);
  return up - value === 0.5 && up % 2 !== 0 ? up - 1 : up;
}

export function blank(width, height) {
  return { data: new Uint8ClampedArray(width * height * 4), width, height };
}

/** The rectangle of a picture that begins at x and y; it must lie inside. */
export function part(picture, x, y, width, height) {
  if (x === 0 && y === 0 && width === picture.width && height === picture.height) return picture;
  const cut = blank(width, height);
  for (let row = 0; row < height; row++) {
    const from = ((y + row) * picture.width + x) * 4;
    cut.data.set(picture.data.subarray(from, from + width * 4), row * width * 4);
  }
  return cut;
}

/** A rectangle that may reach over the edge, where the border's pixels are repeated. */
export function replicated(picture, x, y, width, height) {
  const cut = blank(width, height);
  const from = new Uint32Array(picture.data.buffer, picture.data.byteOffset);
  const to = new Uint32Array(cut.data.buffer);
  for (let row = 0; row < height; row++) {
    const line = clamped(y + row, picture.height) * picture.width;
    for (let column = 0; column < width; column++) {
      to[row * width + column] = from[line + clamped(x + column, picture.width)];
    }
  }
  return cut;
}

/** Another size without aliasing: by a whole factor first, blocks at a time, then linear. */
export function resized(picture, width, height) {
  let factor = Math.min(Math.floor(picture.width / width), Math.floor(picture.height / height));
  while (factor >= 2) {
    const step = factor % 2 === 0 ? 2 : factor;
    picture = shrunk(picture, step);
    factor /= step;
  }
  if (picture.width === width && picture.height === height) return picture;
  return linear(picture, width, height);
}

/** The means of blocks of `factor` by `factor` pixels; what is left over at the edges is dropped. */
export function shrunk(picture, factor) {
  const small = blank(Math.floor(picture.width / factor), Math.floor(picture.height / factor));
  return factor === 2 ? halved(picture, small) : averaged(picture, small, factor);
}

function halved({ data, width }, small) {
  const line = width * 4;
  let at = 0;
  for (let y = 0; y < small.height; y++) {
    let i = y * 2 * line;
    for (let x = 0; x < small.width; x++, i += 8, at += 4) {
      const j = i + line;
      small.data[at] = (data[i] + data[i + 4] + data[j] + data[j + 4] + 2) >> 2;
      small.data[at + 1] = (data[i + 1] + data[i + 5] + data[j + 1] + data[j + 5] + 2) >> 2;
      small.data[at + 2] = (data[i + 2] + data[i + 6] + data[j + 2] + data[j + 6] + 2) >> 2;
    }
  }
  return small;
}

function averaged({ data, width }, small, factor) {
  const count = factor * factor;
  let at = 0;
  for (let y = 0; y < small.height; y++) {
    for (let x = 0; x < small.width; x++, at += 4) {
      let red = 0;
      let green = 0;
      let blue = 0;
      for (let row = 0; row < factor; row++) {
        let i = ((y * factor + row) * width + x * factor) * 4;
        for (let column = 0; column < factor; column++, i += 4) {
          red += data[i];
          green += data[i + 1];
          blue += data[i + 2];
        }
      }
      small.data[at] = rounded(red / count);
      small.data[at + 1] = rounded(green / count);
      small.data[at + 2] = rounded(blue / count);
    }
  }
  return small;
}

/** For each place of a line of `to` pixels its two neighbours among `from`, and their weights. */
function weights(from, to) {
  const step = from / to;
  return Array.from({ length: to }, (_, place) => {
    const middle = Math.fround((place + 0.5) * step - 0.5);
    let first = Math.floor(middle);
    let share = Math.fround(middle - first);
    if (first < 0 || first >= from - 1) {
      first = first < 0 ? 0 : from - 1;
      share = 0;
    }
    const second = Math.min(first + 1, from - 1);
    return { first, second, near: rounded((1 - share) * 2048), far: rounded(share * 2048) };
  });
}

function linear({ data, width, height }, toWidth, toHeight) {
  const columns = weights(width, toWidth);
  const rows = weights(height, toHeight);
  const result = blank(toWidth, toHeight);
  let at = 0;
  for (const row of rows) {
    const upper = row.first * width;
    const lower = row.second * width;
    for (const column of columns) {
      for (let channel = 0; channel < 3; channel++) {
        const left = column.first * 4 + channel;
        const right = column.second * 4 + channel;
        const above = data[upper * 4 + left] * column.near + data[upper * 4 + right] * column.far;
        const below = data[lower * 4 + left] * column.near + data[lower * 4 + right] * column.far;
        const sum = ((row.near * (above >> 4)) >> 16) + ((row.far * (below >> 4)) >> 16);
        result.data[at + channel] = (sum + 2) >> 2;
      }
      at += 4;
    }
  }
  return result;
}

/**
 * A square of `size` pixels whose places come from where a matrix `[a, b, x, c, d, y]` leads in the
 * picture; beyond the edge its border is repeated. Places count in steps of 1/32 pixel.
 */
export function warped({ data, width, height }, [a, b, x0, c, d, y0], size) {
  const face = blank(size, size);
  let at = 0;
  for (let row = 0; row < size; row++) {
    const startX = rounded((b * row + x0) * 1024) + 16;
    const startY = rounded((d * row + y0) * 1024) + 16;
    for (let column = 0; column < size; column++, at += 4) {
      const x = (rounded(a * column * 1024) + startX) >> 5;
      const y = (rounded(c * column * 1024) + startY) >> 5;
      const right = x & 31;
      const down = y & 31;
      const left = clamped(x >> 5, width) * 4;
      const next = clamped((x >> 5) + 1, width) * 4;
      const upper = clamped(y >> 5, height) * width * 4;
      const lower = clamped((y >> 5) + 1, height) * width * 4;
      for (let channel = 0; channel < 3; channel++) {
        const above = data[upper + left + channel] * (32 - right) + data[upper + next + channel] * right;
        const below = data[lower + left + channel] * (32 - right) + data[lower + next + channel] * right;
        face.data[at + channel] = (above * (32 - down) + below * down + 512) >> 10;
      }
    }
  }
  return face;
}

/** Brightness, one byte a pixel. */
export function gray({ data, width, height }) {
  const values = new Uint8Array(width * height);
  for (let i = 0, at = 0; at < values.length; at++, i += 4) {
    values[at] = (data[i] * 9798 + data[i + 1] * 19235 + data[i + 2] * 3735 + 16384) >> 15;
  }
  return values;
}

/** The same picture without its colours. */
export function grayed(picture) {
  const result = blank(picture.width, picture.height);
  gray(picture).forEach((value, i) => result.data.fill(value, i * 4, i * 4 + 3));
  return result;
}

function clamped(place, length) {
  if (place < 0) return 0;
  return place < length ? place : length - 1;
}
