// Scores of an image, as scores.py has them. `predict(name, image, phase)` answers the full prediction by a network.

import { resizeShortSide, trimmed } from "./image.js";

export const WORKING_SIDE = 512;
export const PHASES = [[0, 0], [16, 16], [0, 16], [16, 0]];
const NOTICED = 0.05;
const SMALLEST_ERROR = 1 / 1024;
export const [GLANCE, GRAIN, DISCOUNT] = [128, 256, 0.5];

// The predictability map: the absolute error of each pixel, averaged over its channels.
export function errorMap(y, z) {
  const count = y.width * y.height;
  const found = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    let sum = 0;
    for (let plane = 0; plane < 3; plane++) sum += Math.abs(y.data[plane * count + i] - z.data[plane * count + i]);
    found[i] = sum / 3;
  }
  return found;
}

export function mean(values) {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

// The share of pixels that a prediction misses.
export function missed(y, z) {
  return mean(errorMap(y, z).map((error) => (error * error) / (error * error + NOTICED * NOTICED)));
}

async function shareMissed(image, side, name, predict) {
  const y = resizeShortSide(image, side);
  let sum = 0;
  for (const phase of PHASES) sum += missed(y, await predict(name, y, phase));
  return sum / PHASES.length;
}

export async function complexity(image, predict) {
  const inside = resizeShortSide(trimmed(image), WORKING_SIDE);
  const glance = await shareMissed(inside, GLANCE, "good", predict);
  return glance - DISCOUNT * (await shareMissed(inside, GRAIN, "linear", predict));
}

// What is known as soon as the good predictor has answered: the map, the prediction and the error.
export async function firstScores(image, predict) {
  const y = resizeShortSide(image, WORKING_SIDE);
  const z = await predict("good", y, [0, 0]);
  const map = errorMap(y, z);
  return { y, z, map, predictability: mean(map) };
}

// The rest, from what `firstScores` found.
export async function otherScores(image, first, predict) {
  const error = Math.max(first.predictability, SMALLEST_ERROR);
  const of = async (name) =>
    Math.max(mean(errorMap(first.y, await predict(name, first.y, [0, 0]))), SMALLEST_ERROR);
  const [linear, bad] = [await of("linear"), await of("bad")];
  return { progress: bad / error, structure: 1 - error / linear, complexity: await complexity(image, predict) };
}

// Of sorted numbers, the share that lie below a value.
export function rank(sorted, value) {
  let below = 0;
  while (below < sorted.length && sorted[below] < value) below++;
  return below / sorted.length;
}
