// The front page's figure: a photograph that is guessed tile by tile, then the map of where the guesses failed. Its three
// pictures were computed when the book was built; here they are only laid over each other.

const TILE = 32; // as in grid.js, which a script that also runs from a file cannot import
const SECONDS = 9; // from the photograph to the whole map
const root = document.getElementById("cover");
const part = (name) => root.querySelector(`[data-part="${name}"]`);
const home = new URL("cover/", document.currentScript.src);

async function picture(name) {
  const image = new Image();
  image.src = new URL(`${name}.webp`, home).href;
  await image.decode();
  return image;
}

// How many tiles show their guess, and how many of those the map, when the slider stands at `at` of 2 * tiles.
function shares(at, tiles) {
  return { guessed: Math.min(at, tiles), mapped: Math.max(0, at - tiles) };
}

function words(at, tiles) {
  const { guessed, mapped } = shares(at, tiles);
  if (at === 0) return "The photograph. Touch a square: it is guessed from what is around it.";
  if (mapped === tiles) return "Where the guesses failed: bright is surprising, dark was foreseen.";
  if (mapped > 0) return "Now the error of each guess: bright is surprising …";
  if (guessed === tiles) return "Every square is a guess. Whatever ends inside a square, an eye for one, is lost.";
  return `${guessed} of ${tiles} squares are guesses, each made without seeing that square …`;
}

async function begin() {
  const [photograph, prediction, map] = await Promise.all(["photograph", "prediction", "map"].map(picture));
  const canvas = part("canvas");
  const [width, height] = [photograph.naturalWidth, photograph.naturalHeight];
  const columns = width / TILE;
  const tiles = columns * (height / TILE);
  const slider = part("tiles");
  slider.max = 2 * tiles;
  Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  let touched = -1;
  let playing = 0;

  const lay = (image, tile) => {
    const [x, y] = [(tile % columns) * TILE, Math.floor(tile / columns) * TILE];
    context.drawImage(image, x, y, TILE, TILE, x, y, TILE, TILE);
    return [x, y];
  };
  const draw = () => {
    const { guessed, mapped } = shares(slider.valueAsNumber, tiles);
    context.drawImage(photograph, 0, 0);
    for (let tile = 0; tile < guessed; tile++) lay(tile < mapped ? map : prediction, tile);
    if (touched >= 0) { // the other of the two under the finger, in a frame
      const [x, y] = lay(touched < guessed ? photograph : prediction, touched);
      context.lineWidth = 2;
      context.strokeStyle = "#fff";
      context.strokeRect(x + 1, y + 1, TILE - 2, TILE - 2);
    }
    part("say").textContent = words(slider.valueAsNumber, tiles);
    slider.setAttribute("aria-valuetext", part("say").textContent);
  };
  const stop = () => {
    cancelAnimationFrame(playing);
    playing = 0;
    part("play").textContent = "play";
  };
  const play = () => {
    if (slider.valueAsNumber === 2 * tiles) slider.value = 0;
    const [from, begun] = [slider.valueAsNumber, performance.now()];
    part("play").textContent = "stop";
    const step = (now) => {
      slider.value = Math.min(2 * tiles, from + Math.max(0, ((now - begun) / 1000 / SECONDS) * 2 * tiles));
      draw();
      if (slider.valueAsNumber < 2 * tiles) playing = requestAnimationFrame(step);
      else stop();
    };
    playing = requestAnimationFrame(step);
  };

  slider.addEventListener("input", () => { stop(); draw(); });
  part("play").addEventListener("click", () => (playing ? stop() : play()));
  const touch = (event) => {
    const box = canvas.getBoundingClientRect();
    const [x, y] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    const inside = x >= 0 && x < 1 && y >= 0 && y < 1;
    touched = inside ? Math.floor((y * height) / TILE) * columns + Math.floor(x * columns) : -1;
    draw();
  };
  for (const kind of ["pointermove", "pointerdown"]) canvas.addEventListener(kind, touch);
  canvas.addEventListener("pointerleave", () => { touched = -1; draw(); });

  slider.value = Math.round(tiles / 2); // half and half says most where nothing moves
  draw();
  part("figure").hidden = false;
  root.dataset.ready = "yes";
  if (!matchMedia("(prefers-reduced-motion: reduce)").matches) {
    slider.value = 0;
    play();
  }
}

// Without the pictures, as in a preview of one page, the still figure below says the same.
if (root) begin().catch(() => { root.hidden = true; });
