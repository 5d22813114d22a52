// The grid of tiles: how an image is completed by reflection, and what of it each tile must not see. The same as
// full_prediction.py, in whose words everything here is named.

export const TILE = 32;
export const MARGIN = 48;
export const CONTEXT = TILE + 2 * MARGIN;

// Index into an axis of `size` pixels for any position, by reflection that does not repeat the edge.
export function reflected(position, size) {
  const period = 2 * (size - 1);
  const folded = ((position % period) + period) % period;
  return folded < size ? folded : period - folded;
}

// The grid along one axis: where its first tile begins, how many there are, and which image line each completed line shows.
export function axis(size, phase = 0) {
  if (size < TILE) throw new RangeError(`an image must be at least ${TILE} pixels high and wide, not ${size}`);
  const first = phase ? phase - TILE : 0;
  const tiles = Math.ceil((size - first) / TILE);
  const source = new Int32Array(tiles * TILE + 2 * MARGIN);
  for (let i = 0; i < source.length; i++) source[i] = reflected(i + first - MARGIN, size);
  return { size, first, tiles, source };
}

// For each tile of an axis, which lines of its context are its own: the centre, and the mirror copies of its pixels.
export function hidden({ size, first, tiles, source }) {
  const found = new Uint8Array(tiles * CONTEXT);
  for (let tile = 0; tile < tiles; tile++) {
    const from = Math.max(0, tile * TILE + first);
    const to = Math.min(size, tile * TILE + first + TILE);
    for (let line = 0; line < CONTEXT; line++) {
      const shown = source[tile * TILE + line];
      const own = (shown >= from && shown < to) || (line >= MARGIN && line < MARGIN + TILE);
      found[tile * CONTEXT + line] = own ? 1 : 0;
    }
  }
  return found;
}

// An image { data: Float32Array of 3 planes, width, height } as a predictor takes it, with the axes to cut the answer by.
export function completed(image, phase = [0, 0]) {
  const rows = axis(image.height, phase[0]);
  const columns = axis(image.width, phase[1]);
  const [height, width] = [rows.source.length, columns.source.length];
  const data = new Float32Array(3 * height * width);
  for (let plane = 0; plane < 3; plane++) {
    const from = plane * image.height * image.width;
    const to = plane * height * width;
    for (let y = 0; y < height; y++) {
      const line = from + rows.source[y] * image.width;
      for (let x = 0; x < width; x++) data[to + y * width + x] = image.data[line + columns.source[x]];
    }
  }
  return { data, height, width, rows, columns };
}

// What a predictor answered, 32 rows x 32 columns pixels, cut to the image.
export function cut(answer, rows, columns) {
  const [height, width] = [rows.size, columns.size];
  const [whole, top, left] = [columns.tiles * TILE, -rows.first, -columns.first];
  const data = new Float32Array(3 * height * width);
  for (let plane = 0; plane < 3; plane++) {
    for (let y = 0; y < height; y++) {
      const begin = (plane * rows.tiles * TILE + y + top) * whole + left;
      data.set(answer.subarray(begin, begin + width), (plane * height + y) * width);
    }
  }
  return { data, height, width };
}
