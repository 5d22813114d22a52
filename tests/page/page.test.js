// The page's own mathematics, by hand and by what must hold; that it agrees with Python is tested in tests/pages.

import { describe, expect, test } from "vitest";
import { axis, completed, cut, hidden, reflected } from "../../book/page/grid.js";
import { coefficients, crop, planes, resizeShortSide, trimmed } from "../../book/page/image.js";
import { readSize, unreadable } from "../../book/page/picture.js";
import { improved, padded, pieces } from "../../book/page/pieces.js";
import { errorMap, missed, rank } from "../../book/page/scores.js";
import { compared, timeLeft } from "../../book/page/words.js";

function noise(width, height, seed = 1) {
  let state = seed;
  const data = new Float32Array(3 * width * height).map(() => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return state / 2147483648;
  });
  return { data, width, height };
}

describe("the grid", () => {
  test("reflection does not repeat the edge", () => {
    expect([-2, -1, 0, 3, 4, 5, 6, 9].map((at) => reflected(at, 5))).toEqual([2, 1, 0, 3, 4, 3, 2, 1]);
  });

  test.each([[32, 0, 1], [33, 0, 2], [64, 16, 3], [64, 0, 2], [70, 31, 3]])("%i pixels at phase %i have %i tiles", (size, phase, tiles) => {
    expect(axis(size, phase).tiles).toBe(tiles);
  });

  test("too small an image is refused", () => {
    expect(() => axis(31)).toThrow(/at least 32/);
  });

  test("a tile's own lines are hidden, and their mirror images", () => {
    const own = hidden(axis(64));
    const first = [...own.subarray(0, 128)];
    expect(first.slice(48, 80)).toEqual(Array(32).fill(1));
    expect(first.slice(80)).toEqual(Array(48).fill(0));
    expect(first[47]).toBe(1); // mirrors line 1, which the tile holds
    expect(first[48 - 32]).toBe(0); // mirrors line 32, which it does not
  });

  test.each([[0, 0], [5, 31], [16, 16]])("cutting what was completed gives the image again, phase %i, %i", (dy, dx) => {
    const image = noise(70, 45);
    const whole = completed(image, [dy, dx]);
    const [height, width] = [whole.rows.tiles * 32, whole.columns.tiles * 32];
    const inside = crop({ ...whole }, 48, 48, width, height);
    expect(cut(inside.data, whole.rows, whole.columns).data).toEqual(image.data);
  });
});

describe("images", () => {
  test("what is transparent is laid on white", () => {
    const image = planes(new Uint8ClampedArray([0, 0, 0, 0, 255, 0, 0, 255]), 2, 1);
    expect([...image.data]).toEqual([1, 1, 1, 0, 1, 0]);
  });

  test("a filter's weights sum to 1, and an image is never enlarged", () => {
    for (const { weights } of coefficients(100, 37)) {
      expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 12);
    }
    const image = noise(40, 50);
    expect(resizeShortSide(image, 64)).toBe(image);
    expect([resizeShortSide(image, 20).width, resizeShortSide(image, 20).height]).toEqual([20, 25]);
  });

  test("a plain frame is trimmed, and nothing else", () => {
    const image = noise(80, 70);
    const framed = { data: new Float32Array(3 * 100 * 90).fill(0.5), width: 100, height: 90 };
    for (let plane = 0; plane < 3; plane++) {
      for (let y = 0; y < 70; y++) {
        framed.data.set(image.data.subarray((plane * 70 + y) * 80, (plane * 70 + y + 1) * 80), (plane * 90 + y + 9) * 100 + 12);
      }
    }
    expect(trimmed(framed)).toEqual(image);
    expect(trimmed(image)).toBe(image);
  });
});

describe("pieces", () => {
  // A local stand-in for an improver: the mean of a cross of 5 pixels, edges repeated; its reach is 1.
  async function blur({ data, width, height }) {
    const found = new Float32Array(data.length);
    for (let plane = 0; plane < 3; plane++) {
      const at = (x, y) => data[(plane * height + Math.min(height - 1, Math.max(0, y))) * width + Math.min(width - 1, Math.max(0, x))];
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          found[(plane * height + y) * width + x] = (at(x, y) + at(x - 1, y) + at(x + 1, y) + at(x, y - 1) + at(x, y + 1)) / 5;
        }
      }
    }
    return found;
  }

  test.each([[64, 96], [70, 45], [200, 131]])("an image of %i x %i improved in pieces has no seams", async (width, height) => {
    const image = noise(width, height);
    const whole = await improved(image, { reach: 1, grain: 4 }, blur, { piece: 4096 });
    const parts = await improved(image, { reach: 1, grain: 4 }, blur, { piece: 32 });
    expect(Math.max(...parts.data.map((value, i) => Math.abs(value - whole.data[i])))).toBeLessThan(1e-6);
  });

  test("pieces cover every pixel once", () => {
    const seen = new Uint8Array(150 * 90);
    for (const part of pieces(150, 90, { reach: 40, grain: 16 }, 64)) {
      for (let y = 0; y < part.height; y++) for (let x = 0; x < part.width; x++) seen[(part.top + y) * 150 + part.left + x]++;
    }
    expect(new Set(seen)).toEqual(new Set([1]));
  });

  test("parts are padded to multiples of the grain by their edge", () => {
    const part = padded(noise(50, 40), 0, 0, 50, 40, 16);
    expect([part.width, part.height]).toEqual([64, 48]);
    expect(part.data[63]).toBe(part.data[49]);
  });

  test("progress ends at 1", async () => {
    const told = [];
    await improved(noise(70, 70), { reach: 1, grain: 1 }, blur, { piece: 32, progress: (share) => told.push(share) });
    expect(told).toHaveLength(9);
    expect(told.at(-1)).toBe(1);
  });
});

describe("scores", () => {
  test("an error of a twentieth counts half", () => {
    const y = { data: new Float32Array(12), width: 2, height: 2 };
    const z = { data: new Float32Array(12).fill(0.05), width: 2, height: 2 };
    expect(missed(y, z)).toBeCloseTo(0.5, 5);
    expect([...errorMap(y, z)][0]).toBeCloseTo(0.05, 6);
  });

  test("the rank is the share below", () => {
    expect(rank([1, 2, 3, 4], 2.5)).toBe(0.5);
    expect(rank([1, 2], 0)).toBe(0);
  });
});

describe("the reader's picture", () => {
  test.each([[1024, 768], [2048, 2048], [32, 512]])("%i x %i pixels are read as they are", (width, height) => {
    expect(readSize(width, height)).toEqual([width, height]);
  });

  test.each([[5712, 4284], [4284, 5712], [8064, 6048], [16382, 3628], [30000, 2000], [8192, 512]])(
    "%i x %i pixels are read with few, in shape, and not below 512", (width, height) => {
      const [w, h] = readSize(width, height);
      expect(w * h).toBeLessThan(4.2e6);
      expect(w / h / (width / height)).toBeCloseTo(1, 2);
      expect(Math.min(w, h)).toBeGreaterThanOrEqual(512);
    });

  test.each([[31, 400, /too few/], [0, 0, /too few/], [8193, 512, /too long and thin; cut/], [64, 4096, /too long and thin/]])(
    "%i x %i pixels are refused", (width, height, word) => expect(() => readSize(width, height)).toThrow(word));

  test("a HEIC photograph is called by its name", () => {
    expect(unreadable({ name: "IMG_1.HEIC", type: "" })).toMatch(/HEIC/);
    expect(unreadable({ name: "a", type: "image/heif" })).toMatch(/HEIC/);
    expect(unreadable({ name: "heic.jpg", type: "image/jpeg" })).toMatch(/not a picture/);
    expect(unreadable(new Blob())).toMatch(/not a picture/);
  });
});

describe("words", () => {
  test.each([[0.1, 3, "about 27 s left"], [0.5, 100, "about 2 min left"], [0.999, 9, "about 1 s left"]])(
    "of a work, %d is done after %d s: %s", (share, seconds, words) => expect(timeLeft(share, seconds)).toBe(words));

  test.each([[0, 9], [0.5, 1], [1, 60]])("no time is foretold at %d after %d s", (share, seconds) => {
    expect(timeLeft(share, seconds)).toBe("");
  });

  test("scores after stand beside those before", () => {
    expect(compared({ predictability: 0.05, complexity: 0.2 }, { predictability: 0.04, complexity: 0.1 })).toBe(
      "Predictability 0.0500 → 0.0400: the error is 20 % smaller. Complexity 0.2000 → 0.1000.");
    expect(compared({ predictability: 0.04, complexity: 0 }, { predictability: 0.05, complexity: 0 })).toMatch("25 % larger");
  });
});
