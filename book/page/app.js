// The page "Try it on your picture": everything is computed here, in the reader's browser; nothing is sent anywhere.

import { ends, follow, moved } from "./flow.js";
import { bytes, planes, resizeShortSide } from "./image.js";
import { decode } from "./picture.js";
import { WORKING_SIDE, rank } from "./scores.js";
import { compared, timeLeft } from "./words.js";

const MOST = 30; // how often an improver is applied at most
const home = new URL(".", import.meta.url);
const root = document.getElementById("try");
const part = (name) => root.querySelector(`[data-part="${name}"]`);

const script = () => (part("gpu").checked ? "worker.js?gpu" : "worker.js");

class Cancelled extends Error {}

// One worker, replaced when the reader cancels: the only way to stop a network that is running.
class Engine {
  #worker = null;
  #waiting = new Map();
  #next = 0;
  #started = "";

  get running() {
    return [...this.#waiting.values()].some(({ task }) => task !== "load");
  }

  ask(task, values = {}, progress = () => {}) {
    if (this.#worker && this.#started !== script() && !this.running) this.#end();
    this.#worker ??= this.#start();
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { task, resolve, reject, progress });
      this.#worker.postMessage({ id, task, ...values });
    });
  }

  stop() {
    if (this.running) this.#end(); // else its networks stay loaded, or go on loading
  }

  #end() {
    this.#worker.terminate();
    this.#worker = null;
    for (const { reject } of this.#waiting.values()) reject(new Cancelled());
    this.#waiting.clear();
  }

  #start() {
    this.#started = script();
    const worker = new Worker(new URL(this.#started, home), { type: "module" });
    worker.addEventListener("message", ({ data }) => {
      const waiting = this.#waiting.get(data.id);
      if (!waiting) return;
      if ("done" in data) return waiting.progress(data.done);
      this.#waiting.delete(data.id);
      if ("answer" in data) return waiting.resolve(data.answer);
      waiting.reject(new Error(data.error));
      if (this.#waiting.size > 0 || this.#worker !== worker) return;
      worker.terminate(); // a runtime that could not start does not try again
      this.#worker = null;
    });
    worker.addEventListener("error", (event) => {
      const word = event.message || "their script cannot be run or fetched";
      for (const { reject } of this.#waiting.values()) reject(new Error(word));
      this.#waiting.clear();
      worker.terminate();
      if (this.#worker === worker) this.#worker = null;
    });
    return worker;
  }
}

const scorer = new Engine();
const improver = new Engine();
const stop = () => { scorer.stop(); improver.stop(); };
const state = {
  image: null, name: "", steps: [], before: null, // the picture, what became of it after n times, and its scores
  flow: null, searching: false, // where a network moves it
  shown: null, version: 0, scoring: false, // what is shown now, and how often that has changed
  taken: 0, busy: 0, // how many pictures were chosen, and long works begun
};
let manifest = null;

function say(text, kind = "") {
  part("say").textContent = text;
  part("say").dataset.kind = kind;
}

// Run something long: progress, the time left and a cancel button while it lasts, and one clear word when it fails.
async function busy(text, work) {
  const [turn, begun] = [++state.busy, performance.now()];
  const progress = (share, step = "") => {
    if (turn !== state.busy) return;
    part("progress").value = share;
    part("left").textContent = [step, timeLeft(share, (performance.now() - begun) / 1000)].filter(Boolean).join(", ");
  };
  const tell = (word) => {
    if (turn !== state.busy) return;
    say(word);
    part("progress").removeAttribute("value");
    part("left").textContent = "";
  };
  tell(text);
  part("progress").hidden = part("cancel").hidden = false;
  try {
    await work(progress, tell);
  } catch (error) {
    if (turn === state.busy) say(error instanceof Cancelled ? "Stopped." : `That did not work: ${error.message}`, "bad");
  } finally {
    if (turn === state.busy) {
      part("progress").hidden = part("cancel").hidden = true;
      part("left").textContent = "";
    }
  }
}

function draw(canvas, image) {
  canvas.width = image.width;
  canvas.height = image.height;
  canvas.getContext("2d").putImageData(new ImageData(bytes(image), image.width, image.height), 0, 0);
}

// Dark is predictable, bright is surprising: the book's colours for its maps, from the list that the build wrote.
function drawMap(canvas, { map, y }) {
  canvas.width = y.width;
  canvas.height = y.height;
  const colours = manifest.colours;
  const top = Float32Array.from(map).sort()[Math.floor(0.99 * map.length)] || 1;
  const rgba = new Uint8ClampedArray(4 * map.length);
  for (let i = 0; i < map.length; i++) {
    const at = Math.min(1, map[i] / top) * (colours.length - 1);
    rgba.set([...colours[Math.round(at)], 255], 4 * i);
  }
  canvas.getContext("2d").putImageData(new ImageData(rgba, y.width, y.height), 0, 0);
}

function show(name, value, digits) {
  const cell = part(name);
  cell.textContent = value === null ? "…" : value.toFixed(digits);
  cell.dataset.value = value === null ? "" : String(value);
  const known = manifest.known[name];
  if (!known) return;
  const place = part(`${name}-place`);
  if (value === null) place.textContent = "";
  else place.textContent = `above ${Math.round(100 * rank(known.values, value))} % of ${known.values.length} ${known.what}`;
}

async function fetched(address) {
  try {
    return await (await fetch(address)).blob();
  } catch {
    throw new Error("this sample cannot be fetched; is the connection lost?");
  }
}

// Score a picture: a file, or the address of one.
async function take(source, name) {
  const turn = ++state.taken;
  stop();
  part("results").hidden = true; // they are another picture's
  state.image = null;
  delete root.dataset.scored;
  await busy("Reading the picture …", async (_, tell) => {
    const image = await decode(source instanceof Blob ? source : await fetched(source));
    if (turn !== state.taken) return; // another picture was chosen meanwhile
    Object.assign(state, { image, name, steps: [resizeShortSide(image, WORKING_SIDE)], before: null, flow: null });
    part("results").hidden = false;
    for (const key of ["predictability", "progress-score", "structure", "complexity"]) show(key, null, 0);
    draw(part("picture"), state.steps[0]);
    for (const layer of ["map", "prediction"]) part(layer).width = part(layer).width; // cleared
    part("times").value = 0;
    hold(0);
    showStep(0);
    tell("Guessing every tile from its surroundings … (the first time, the networks are loaded)");
    const begun = performance.now();
    const first = await scorer.ask("first", { image });
    drawMap(part("map"), first);
    draw(part("prediction"), first.z);
    show("predictability", first.predictability, 4);
    root.dataset.mapSeconds = ((performance.now() - begun) / 1000).toFixed(2);
    tell("Scoring …");
    const { map, predictability, y } = first;
    const others = await scorer.ask("others", { image, first: { map, predictability, y } });
    show("progress-score", others.progress, 3);
    show("structure", others.structure, 3);
    show("complexity", others.complexity, 4);
    state.before = { predictability: first.predictability, complexity: others.complexity };
    root.dataset.scored = name;
    tell("Done. Choose another picture above, or an improver below and how far it goes.");
  });
}

// Show a picture beside the one that was chosen; what was said of another is no longer true.
function showAfter(image, what) {
  draw(part("before"), state.steps[0]);
  draw(part("after"), image);
  state.shown = image;
  state.version++;
  part("score-after").textContent = "";
  root.dataset.shown = what;
  delete root.dataset.after;
  part("download").disabled = part("card").disabled = image === state.steps[0];
}

// Show the picture after n times, as far as it is known.
function showStep(n) {
  const after = state.steps[Math.min(n, state.steps.length - 1)];
  showAfter(after, String(Math.min(n, state.steps.length - 1)));
  part("times-say").textContent = n === 0 ? "the picture itself" : `${n} ${n === 1 ? "time" : "times"}`;
}

async function improveTo(n) {
  if (!state.image) return;
  if (n < state.steps.length) {
    showStep(n);
    return improver.running || scoreShown();
  }
  improver.stop();
  const name = part("improver").value;
  await busy(`Applying it ${n} ${n === 1 ? "time" : "times"} …`, async (progress, tell) => {
    const [begun, first] = [performance.now(), state.steps.length];
    while (state.steps.length <= n) {
      const step = state.steps.length;
      const tellShare = (share) => progress((step - first + share) / (n + 1 - first), `step ${step} of ${n}`);
      tellShare(0);
      const { image } = await improver.ask("improve", { image: state.steps[step - 1], name }, tellShare);
      state.steps.push(image);
      if (Number(part("times").value) >= state.steps.length - 1) showStep(state.steps.length - 1);
    }
    root.dataset.improveSeconds = ((performance.now() - begun) / 1000).toFixed(2);
    showStep(Number(part("times").value));
    await scoreAfter(tell);
  });
}

// The scores of what is shown, beside those of the picture itself. Where something else is shown meanwhile, of that.
async function scoreAfter(tell) {
  if (state.scoring) return;
  state.scoring = true;
  tell("Scoring what came out …");
  try {
    const scored = (image) => scorer.ask("both", { image });
    state.before ??= await scored(state.steps[0]);
    let [version, after] = [-1, null];
    while (version !== state.version) {
      if (state.shown === state.steps[0]) return tell("This is the picture itself.");
      version = state.version;
      after = await scored(state.shown);
    }
    part("score-after").textContent = compared(state.before, after);
    root.dataset.after = after.predictability;
    tell("Done. Move the line across the picture to compare.");
  } finally {
    state.scoring = false;
  }
}

// Score what is shown, unless it is the picture itself or the work that is under way will.
function scoreShown() {
  if (state.shown !== state.steps[0] && !state.scoring) return busy("Scoring …", (_, tell) => scoreAfter(tell));
}

const moves = () => manifest.networks[`improvers/${part("improver").value}`].form === "look";

// Set the slider of how far things move, and its label.
function hold(strength) {
  part("strength").value = strength;
  part("strength-say").textContent = strength === 0 ? "the picture itself" : strength.toFixed(2);
}

// Draw the picture moved as far as the slider says, and no further than nothing folds.
function showMoved() {
  const [least, most] = state.flow?.farthest ?? [-Infinity, Infinity];
  const strength = Math.min(Math.max(part("strength").valueAsNumber, least), most);
  hold(strength);
  if (!state.flow || strength === 0) return state.image && showAfter(state.steps[0], "0.00");
  const begun = performance.now();
  const { width, height, picture } = state.flow;
  const after = new ImageData(picture.width, picture.height);
  moved(picture, state.flow, follow(state.flow, strength, width, height), after);
  showAfter(planes(after.data, picture.width, picture.height), strength.toFixed(2));
  root.dataset.drawMilliseconds = (performance.now() - begun).toFixed(1);
}

// Find the picture's flow, where that was not done yet, show it, and score what is shown.
async function moveIt() {
  if (!state.image || state.searching) return; // what is being found is shown as the slider then says
  if (state.flow || part("strength").valueAsNumber === 0) {
    showMoved();
    return scoreShown();
  }
  state.searching = true;
  await busy("Looking which way things have to move …", async (progress, tell) => {
    try {
      const [begun, x] = [performance.now(), state.steps[0]];
      const { flow } = await improver.ask("move", { image: x, name: part("improver").value }, progress);
      const picture = new ImageData(bytes(x), x.width, x.height);
      state.flow = { ...flow, farthest: ends(flow, part("strength"), flow.width, flow.height), picture };
      root.dataset.improveSeconds = ((performance.now() - begun) / 1000).toFixed(2);
    } finally {
      state.searching = false;
      if (!state.flow) hold(0);
    }
    showMoved();
    if (state.shown !== state.steps[0]) await scoreAfter(tell);
  });
}

function keep(canvas, what) {
  canvas.toBlob((blob) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = `${state.name.replace(/\.[^.]*$/, "") || "picture"}-${part("improver").value}-${what}.png`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }, "image/png");
}

// Before and after side by side, and below them what was measured.
function card() {
  const { width, height } = part("after");
  const [edge, line] = [16, 22];
  const canvas = Object.assign(document.createElement("canvas"), { width: 2 * width + 3 * edge, height: height + 3 * line + 2 * edge });
  const context = canvas.getContext("2d");
  context.fillStyle = "#fbfaf7";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(part("before"), edge, edge);
  context.drawImage(part("after"), width + 2 * edge, edge);
  context.fillStyle = "#1d2126";
  context.font = `${line - 6}px Georgia, serif`;
  const how = moves() ? `strength ${root.dataset.shown}` : `${root.dataset.shown} times`;
  const lines = [`${part("improver").selectedOptions[0].text}, ${how}`, part("score-after").textContent, "Abstract Beauty: is beauty what a mind can predict?"];
  lines.forEach((text, i) => context.fillText(text, edge, height + edge + (i + 1) * line, canvas.width - 2 * edge));
  return canvas;
}

// What the chosen improver is held by: how often it is applied, or how far it moves things.
function wield() {
  part("again").hidden = moves();
  part("how-far").hidden = !moves();
}

function wire() {
  const take1 = (files) => {
    const file = [...files].find((one) => one.type.startsWith("image/")) ?? files[0];
    if (file) take(file, file.name || "picture");
  };
  for (const name of ["file", "camera"]) {
    part(name).addEventListener("change", (event) => {
      const files = [...event.target.files];
      event.target.value = ""; // so that the same file, chosen again, is a change
      take1(files);
    });
  }
  navigator.gpu?.requestAdapter().then((adapter) => { part("gpu-row").hidden = !adapter; }).catch(() => {});
  part("camera-row").hidden = !matchMedia("(pointer: coarse)").matches; // elsewhere it would only open the files again
  const zone = part("zone");
  for (const kind of ["dragenter", "dragover"]) {
    zone.addEventListener(kind, (event) => { event.preventDefault(); zone.classList.add("over"); });
  }
  for (const kind of ["dragleave", "drop"]) zone.addEventListener(kind, () => zone.classList.remove("over"));
  zone.addEventListener("drop", (event) => { event.preventDefault(); take1(event.dataTransfer.files); });
  addEventListener("paste", (event) => { if (event.clipboardData?.files.length) take1(event.clipboardData.files); });
  part("cancel").addEventListener("click", () => {
    stop();
    const last = state.steps.length - 1; // what is there is kept
    if (!state.image || moves() || Number(part("times").value) <= last) return;
    part("times").value = last;
    showStep(last);
  });
  part("blend").addEventListener("input", (event) => { part("map").style.opacity = event.target.value / 100; });
  part("divide").addEventListener("input", (event) => {
    part("after").style.clipPath = `inset(0 0 0 ${event.target.value}%)`;
    part("line").style.left = `${event.target.value}%`;
  });
  part("strength").addEventListener("input", showMoved);
  part("strength").addEventListener("change", moveIt);
  part("times").addEventListener("input", (event) => showStep(Number(event.target.value)));
  part("times").addEventListener("change", (event) => improveTo(Number(event.target.value)));
  for (const name of ["improver", "gpu"]) {
    part(name).addEventListener("change", () => {
      improver.stop();
      state.steps.length = Math.min(1, state.steps.length);
      state.flow = null;
      wield();
      hold(0);
      if (!state.image) return;
      showStep(0);
      if (!moves() && Number(part("times").value) > 0) improveTo(Number(part("times").value));
    });
  }
  part("play").addEventListener("click", () => {
    part("times").value = MOST;
    improveTo(MOST);
  });
  part("download").addEventListener("click", () => keep(part("after"), root.dataset.shown));
  part("card").addEventListener("click", () => keep(card(), "card"));
}

// The networks, and a sample scored with them, unless the reader is quicker or pays for every byte.
async function openSample() {
  if (navigator.connection?.saveData) return;
  say("Loading the networks … choose a picture meanwhile. It stays on your device.");
  try {
    await scorer.ask("load");
    if (state.taken === 0) part("samples").querySelector("button")?.click();
  } catch (error) {
    if (state.taken === 0) say(`The networks cannot be loaded (${error.message}); they need WebAssembly and a connection.`, "bad");
  }
}

async function begin() {
  delete root.dataset.module; // this one runs; see book.js
  try {
    const answer = await fetch(new URL("models/manifest.json", home));
    if (!answer.ok) throw new Error(String(answer.status));
    manifest = await answer.json();
  } catch (error) {
    say(`The list of networks cannot be fetched (${error.message}).`, "bad");
    return;
  }
  for (const { name, title } of manifest.improvers) part("improver").append(new Option(title, name));
  for (const { file, name, alt } of manifest.samples) {
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.sample = name;
    const image = new Image();
    image.src = new URL(`samples/${file}`, home).href;
    image.alt = alt;
    image.loading = "lazy";
    button.append(image);
    button.addEventListener("click", () => take(image.src, name));
    part("samples").append(button);
  }
  part("times").max = MOST;
  wield();
  wire();
  part("choose").hidden = false;
  root.dataset.ready = "yes";
  say("Choose a picture. It stays on your device.");
  await openSample();
}

begin();
