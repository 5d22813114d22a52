// An improver applied piece by piece, so that a large image fits into memory; the same as `improve` in improvers.py.

// Where the pieces of an image lie: what is kept of each, and what is read for it, `reach` pixels more on each side. Corners
// are multiples of the improver's `grain`, which its network counts pixels by.
export function pieces(width, height, { reach, grain }, piece) {
  const up = (value) => Math.ceil(value / grain) * grain;
  const [side, around] = [up(piece), up(reach)];
  const found = [];
  for (let top = 0; top < height; top += side) {
    for (let left = 0; left < width; left += side) {
      const [above, before] = [Math.max(0, top - around), Math.max(0, left - around)];
      found.push({
        left, top, width: Math.min(side, width - left), height: Math.min(side, height - top),
        before, above, right: Math.min(width, left + side + around), below: Math.min(height, top + side + around),
      });
    }
  }
  return found;
}

// Part of an image, its right and bottom edges repeated up to a multiple.
export function padded(image, before, above, right, below, grain) {
  const up = (value) => Math.ceil(value / grain) * grain;
  const [width, height] = [up(right - before), up(below - above)];
  const data = new Float32Array(3 * width * height);
  for (let plane = 0; plane < 3; plane++) {
    for (let y = 0; y < height; y++) {
      const line = (plane * image.height + Math.min(above + y, below - 1)) * image.width;
      const to = (plane * height + y) * width;
      for (let x = 0; x < width; x++) data[to + x] = image.data[line + Math.min(before + x, right - 1)];
    }
  }
  return { data, width, height };
}

// g(image). `run(part)` answers the improver's answer to a part whose sides are multiples of its grain.
export async function improved(image, { reach, grain }, run, { piece = 256, progress = () => {} } = {}) {
  const data = new Float32Array(image.data.length);
  const parts = pieces(image.width, image.height, { reach, grain }, piece);
  for (const [index, part] of parts.entries()) {
    const given = padded(image, part.before, part.above, part.right, part.below, grain);
    const answer = await run(given);
    for (let plane = 0; plane < 3; plane++) {
      for (let y = 0; y < part.height; y++) {
        const from = (plane * given.height + part.top - part.above + y) * given.width + part.left - part.before;
        data.set(
          answer.subarray(from, from + part.width),
          (plane * image.height + part.top + y) * image.width + part.left,
        );
      }
    }
    progress((index + 1) / parts.length);
  }
  return { data, width: image.width, height: image.height };
}
