// A network that moves things, look by look: the same as mover.py. A look, and the predictor between the looks, are
// networks; drawing what they see is done here.

import { follow, moved } from "./flow.js";
import { bytes, crop, planes } from "./image.js";
import { PHASES } from "./scores.js";

const SPACING = 4; // pixels between the nodes of the field
const STEP = 2; // pixels between the points at which a velocity is kept
const CHANNELS = 10; // of the state: the nodes, down and right, and the memory

export const cells = (size, step) => Math.max(2, Math.round((size - 1) / step));

// Cubic B-splines on even cells, 0 at both ends, at so many points from end to end: a row for each point.
export function splines(points, count) {
  const value = (distance) => {
    const d = Math.abs(distance);
    return d < 1 ? 2 / 3 - d * d + (d * d * d) / 2 : Math.max(0, 2 - d) ** 3 / 6;
  };
  return Array.from({ length: points }, (_, point) => {
    const place = (point * count) / (points - 1);
    const row = Float64Array.from({ length: count - 1 }, (_, node) => value(place - node - 1));
    row[0] -= value(place + 1); // beyond the ends the splines go on with the sign turned
    row[count - 2] -= value(place - count - 1);
    return row;
  });
}

// The velocity of a picture, (down, right) in pixels, on an even grid from border to border, of the nodes of its field.
export function velocity(nodes, width, height) {
  const [rows, columns] = [cells(height, SPACING), cells(width, SPACING)];
  const [down, across] = [splines(cells(height, STEP) + 1, rows), splines(cells(width, STEP) + 1, columns)];
  const [nodeRows, nodeColumns] = [rows - 1, columns - 1];
  const v = new Float32Array(2 * down.length * across.length);
  const line = new Float64Array(nodeColumns);
  for (let plane = 0, at = 0; plane < 2; plane++) {
    for (const weights of down) {
      line.fill(0);
      for (let i = 0; i < nodeRows; i++) {
        if (weights[i] === 0) continue;
        const from = (plane * nodeRows + i) * nodeColumns;
        for (let j = 0; j < nodeColumns; j++) line[j] += weights[i] * nodes[from + j];
      }
      for (const shares of across) {
        let sum = 0;
        for (let j = 0; j < nodeColumns; j++) if (shares[j] !== 0) sum += shares[j] * line[j];
        v[at++] = sum;
      }
    }
  }
  return { rows: down.length, columns: across.length, v };
}

// The flow that `looks` looks end with, of the picture's part of whole cells. `predict(image, phase)` answers the full prediction, `look(y, z, state, rows,
// columns)` the state after it. The lines that are left over at the right and lower edge are not looked at.
export async function flowOf(image, looks, predict, look, progress = () => {}) {
  const [width, height] = [image.width, image.height].map((side) => side - (side % SPACING));
  const x = crop(image, 0, 0, width, height);
  const drawn = { width, height, data: bytes(x) };
  const [rows, columns] = [height, width].map((side) => side / SPACING - 1);
  let [state, flow, y] = [new Float32Array(CHANNELS * rows * columns), null, x];
  for (let n = 0; n < looks; n++) {
    if (flow) {
      const picture = { width, height, data: new Uint8ClampedArray(4 * width * height) };
      y = planes(moved(drawn, flow, follow(flow, 1, width, height), picture).data, width, height);
    }
    state = await look(y, await predict(y, PHASES[n % PHASES.length]), state, rows, columns);
    flow = { ...velocity(state, width, height), width, height };
    progress((n + 1) / looks);
  }
  return flow;
}
