// Images as three planes of numbers from 0 to 1, and what happens to them before they are scored.

const SUPPORT = 3; // of the Lanczos filter, as in Pillow

export function planes(rgba, width, height) {
  const count = width * height;
  const data = new Float32Array(3 * count);
  for (let i = 0; i < count; i++) {
    const alpha = rgba[4 * i + 3] / 255; // on white, as the command line does it
    for (let plane = 0; plane < 3; plane++) {
      data[plane * count + i] = (rgba[4 * i + plane] * alpha) / 255 + (1 - alpha);
    }
  }
  return { data, width, height };
}

export function bytes({ data, width, height }) {
  const count = width * height;
  const rgba = new Uint8ClampedArray(4 * count);
  for (let i = 0; i < count; i++) {
    for (let plane = 0; plane < 3; plane++) rgba[4 * i + plane] = Math.round(255 * data[plane * count + i]);
    rgba[4 * i + 3] = 255;
  }
  return rgba;
}

function lanczos(x) {
  if (x === 0) return 1;
  if (Math.abs(x) >= SUPPORT) return 0;
  const angle = Math.PI * x;
  return (SUPPORT * Math.sin(angle) * Math.sin(angle / SUPPORT)) / (angle * angle);
}

// For each of `after` pixels, the first of the `before` pixels that it takes from and their weights.
export function coefficients(before, after) {
  const scale = before / after;
  const stretch = Math.max(scale, 1);
  const reach = SUPPORT * stretch;
  return Array.from({ length: after }, (_, at) => {
    const centre = (at + 0.5) * scale;
    const from = Math.max(0, Math.trunc(centre - reach + 0.5));
    const to = Math.min(before, Math.trunc(centre + reach + 0.5));
    const weights = new Float64Array(to - from);
    let total = 0;
    for (let i = 0; i < weights.length; i++) {
      weights[i] = lanczos((i + from - centre + 0.5) / stretch);
      total += weights[i];
    }
    return { from, weights: weights.map((weight) => weight / total) };
  });
}

// Reduce an image so that its short side is `side` pixels, by a Lanczos filter; never enlarges.
export function resizeShortSide(image, side) {
  const short = Math.min(image.width, image.height);
  if (short <= side) return image;
  const even = (value) => { // Python's round: half to even
    const down = Math.floor(value);
    return value - down === 0.5 ? down + (down % 2) : Math.round(value);
  };
  const width = even((image.width * side) / short);
  const height = even((image.height * side) / short);
  const across = coefficients(image.width, width);
  const down = coefficients(image.height, height);
  const data = new Float32Array(3 * width * height);
  const line = new Float32Array(width * image.height);
  for (let plane = 0; plane < 3; plane++) {
    const source = image.data.subarray(plane * image.width * image.height);
    for (let y = 0; y < image.height; y++) {
      for (let x = 0; x < width; x++) {
        const { from, weights } = across[x];
        let sum = 0;
        for (let i = 0; i < weights.length; i++) sum += weights[i] * source[y * image.width + from + i];
        line[y * width + x] = sum;
      }
    }
    for (let y = 0; y < height; y++) {
      const { from, weights } = down[y];
      for (let x = 0; x < width; x++) {
        let sum = 0;
        for (let i = 0; i < weights.length; i++) sum += weights[i] * line[(from + i) * width + x];
        data[(plane * height + y) * width + x] = Math.min(1, Math.max(0, sum));
      }
    }
  }
  return { data, width, height };
}

const FRAME = 3.5 / 255; // 3 levels of 255, whatever the rounding
const SMALLEST_TRIMMED = 64;

// The image without a plain frame of its corner's colour, if what is left has at least 64 pixels a side.
export function trimmed(image) {
  const { data, width, height } = image;
  const count = width * height;
  let [top, bottom, left, right] = [height, -1, width, -1];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = y * width + x;
      let drawn = false;
      for (let plane = 0; plane < 3; plane++) {
        drawn ||= Math.abs(data[plane * count + at] - data[plane * count]) > FRAME;
      }
      if (!drawn) continue;
      if (y < top) top = y;
      if (y > bottom) bottom = y;
      if (x < left) left = x;
      if (x > right) right = x;
    }
  }
  const [w, h] = [right - left + 1, bottom - top + 1];
  if (bottom < 0 || Math.min(w, h) < SMALLEST_TRIMMED || (w === width && h === height)) return image;
  return crop(image, left, top, w, h);
}

export function crop(image, left, top, width, height) {
  const data = new Float32Array(3 * width * height);
  for (let plane = 0; plane < 3; plane++) {
    for (let y = 0; y < height; y++) {
      const begin = (plane * image.height + y + top) * image.width + left;
      data.set(image.data.subarray(begin, begin + width), (plane * height + y) * width);
    }
  }
  return { data, width, height };
}
