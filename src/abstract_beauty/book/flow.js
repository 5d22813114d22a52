// A picture and a flow: one slider from the photograph to what prediction makes of it. As fields.py has it, drawn by cubic
// interpolation of the picture as it is.

const TIMES = 8; // steps in which the flow is followed
const LEAST_AREA = 0.02;

// The velocity (down, right) in pixels of the picture, on an even grid from border to border.
export function unpacked({ rows, columns, largest, data }) {
  const view = new DataView(Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0)).buffer);
  const v = new Float32Array(2 * rows * columns);
  for (let i = 0; i < v.length; i++) v[i] = (view.getInt16(2 * i, true) * largest) / 32767;
  return { rows, columns, v };
}

// A plane of the grid between its points, beyond its border as on it.
function between(plane, rows, columns, row, column) {
  const [y, x] = [Math.min(Math.max(row, 0), rows - 1), Math.min(Math.max(column, 0), columns - 1)];
  const [top, left] = [Math.min(Math.floor(y), rows - 2), Math.min(Math.floor(x), columns - 2)];
  const [down, right, at] = [y - top, x - left, top * columns + left];
  const above = plane[at] + right * (plane[at + 1] - plane[at]);
  const below = plane[at + columns] + right * (plane[at + columns + 1] - plane[at + columns]);
  return above + down * (below - above);
}

// Where each point of the grid ends that is carried for a time: its displacement in pixels.
export function follow({ rows, columns, v }, strength, width, height) {
  const count = rows * columns;
  const [perRow, perColumn] = [(rows - 1) / (height - 1), (columns - 1) / (width - 1)];
  const planes = [v.subarray(0, count), v.subarray(count)];
  const u = new Float32Array(2 * count);
  for (let time = 0; time < TIMES; time++) {
    for (let i = 0; i < count; i++) {
      const row = Math.floor(i / columns) + u[i] * perRow;
      const column = (i % columns) + u[count + i] * perColumn;
      const [down, right] = planes.map((plane) => between(plane, rows, columns, row, column));
      u[i] += (down * strength) / TIMES;
      u[count + i] += (right * strength) / TIMES;
    }
  }
  return u;
}

// The smallest area that is drawn from, in cells of the grid, at its points and half-way between them.
function leastArea({ rows, columns }, u, width, height) {
  const count = rows * columns;
  const [perRow, perColumn] = [(rows - 1) / (height - 1), (columns - 1) / (width - 1)];
  const [down, across] = [u.subarray(0, count), u.subarray(count)];
  const slope = (plane, y, x, y1, x1) => between(plane, rows, columns, y1, x1) - between(plane, rows, columns, y, x);
  let least = 1;
  for (let row = 0; row <= rows - 1; row += 0.5) {
    const [above, below] = [Math.max(row - 0.5, 0), Math.min(row + 0.5, rows - 1)];
    const downwards = perRow / (below - above);
    for (let column = 0; column <= columns - 1; column += 0.5) {
      const [before, after] = [Math.max(column - 0.5, 0), Math.min(column + 0.5, columns - 1)];
      const rightwards = perColumn / (after - before);
      const straight = (1 + slope(down, above, column, below, column) * downwards) * (1 + slope(across, row, before, row, after) * rightwards);
      const turned = slope(down, row, before, row, after) * rightwards * slope(across, above, column, below, column) * downwards;
      least = Math.min(least, straight - turned);
    }
  }
  return least;
}

// The longest time up to `strength` that folds nothing.
export function longest(field, strength, width, height) {
  const sign = Math.sign(strength);
  let far = Math.abs(strength);
  while (!(leastArea(field, follow(field, sign * far, width, height), width, height) >= LEAST_AREA)) far = Math.max(0, far - 0.05);
  return sign * far;
}

// How far a slider may go each way.
export function ends(field, slider, width, height) {
  return [slider.min, slider.max].map((end) => longest(field, Number(end), width, height));
}

// The four weights of cubic interpolation (Keys 1981) at a share of the way.
function cubic(t, weights) {
  weights[0] = ((-0.5 * t + 1) * t - 0.5) * t;
  weights[1] = (1.5 * t - 2.5) * t * t + 1;
  weights[2] = ((-1.5 * t + 2) * t + 0.5) * t;
  weights[3] = (0.5 * t - 0.5) * t * t;
}

// y(p) = x(p + u(p)); x and y are ImageData, or have its width, height and data. The grid spans the picture, or the upper
// left part of it that the field says; beyond that nothing moves.
export function moved(x, { rows, columns, width: spanX = x.width, height: spanY = x.height }, u, y) {
  const { width, height, data } = x;
  const count = rows * columns;
  const planes = [u.subarray(0, count), u.subarray(count)];
  const [down, across] = [new Float32Array(4), new Float32Array(4)];
  const columnsOf = new Int32Array(4);
  for (let i = 0, at = 0; i < height; i++) {
    const row = (i * (rows - 1)) / (spanY - 1);
    for (let j = 0; j < width; j++, at += 4) {
      const column = (j * (columns - 1)) / (spanX - 1);
      const top = Math.min(Math.max(i + between(planes[0], rows, columns, row, column), 0), height - 1);
      const left = Math.min(Math.max(j + between(planes[1], rows, columns, row, column), 0), width - 1);
      const [firstRow, firstColumn] = [Math.floor(top), Math.floor(left)];
      cubic(top - firstRow, down);
      cubic(left - firstColumn, across);
      for (let k = 0; k < 4; k++) columnsOf[k] = 4 * Math.min(Math.max(firstColumn + k - 1, 0), width - 1);
      let [red, green, blue] = [0, 0, 0];
      for (let k = 0; k < 4; k++) {
        const line = 4 * width * Math.min(Math.max(firstRow + k - 1, 0), height - 1);
        for (let l = 0; l < 4; l++) {
          const [from, weight] = [line + columnsOf[l], down[k] * across[l]];
          red += weight * data[from];
          green += weight * data[from + 1];
          blue += weight * data[from + 2];
        }
      }
      y.data[at] = red;
      y.data[at + 1] = green;
      y.data[at + 2] = blue;
      y.data[at + 3] = 255;
    }
  }
  return y;
}

// Wire a slider to a canvas: `root` holds parts "canvas", "strength", "play", "say" and, where wanted, "keep".
export async function begin(root, address, packed) {
  const part = (name) => root.querySelector(`[data-part="${name}"]`);
  const picture = new Image();
  picture.src = address;
  await picture.decode();
  const [width, height] = [picture.naturalWidth, picture.naturalHeight];
  const canvas = Object.assign(part("canvas"), { width, height });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(picture, 0, 0);
  const [x, y] = [context.getImageData(0, 0, width, height), context.createImageData(width, height)];
  const [field, slider] = [unpacked(packed), part("strength")];
  [slider.min, slider.max] = ends(field, slider, width, height).map((end) => end.toFixed(2));
  let playing = 0;

  const words = (strength) => {
    if (strength === 0) return "The photograph.";
    if (strength < 0) return `Strength ${strength.toFixed(2)}: backwards, less predictable.`;
    return `Strength ${strength.toFixed(2)}${strength > 1 ? ", further than was found" : ""}.`;
  };
  const draw = () => {
    const [begun, strength] = [performance.now(), slider.valueAsNumber];
    context.putImageData(strength === 0 ? x : moved(x, field, follow(field, strength, width, height), y), 0, 0);
    part("say").textContent = words(strength);
    slider.setAttribute("aria-valuetext", part("say").textContent);
    root.dataset.milliseconds = (performance.now() - begun).toFixed(1);
  };
  const stop = () => {
    cancelAnimationFrame(playing);
    playing = 0;
    part("play").textContent = "play";
  };
  const play = () => {
    const begun = performance.now();
    part("play").textContent = "stop";
    const step = (now) => { // to 1 and back, at rest at both ends
      const turn = Math.max(0, now - begun) / 4000;
      slider.value = 0.5 - 0.5 * Math.cos(Math.PI * Math.min(turn, 2));
      draw();
      if (turn < 2) playing = requestAnimationFrame(step);
      else stop();
    };
    playing = requestAnimationFrame(step);
  };
  slider.addEventListener("input", () => { stop(); draw(); });
  part("play").addEventListener("click", () => (playing ? stop() : play()));
  part("keep")?.addEventListener("click", () => {
    canvas.toBlob((blob) => {
      const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: "moved.png" });
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    });
  });
  draw();
  root.hidden = false;
  root.dataset.ready = "yes";
}
