// Runs the networks, off the page's own thread. Messages: { id, task, ... } in; { id, ...answer } or { id, error } out.

import { completed, cut, hidden } from "./grid.js";
import { flowOf } from "./mover.js";
import { improved } from "./pieces.js";
import { complexity, firstScores, otherScores } from "./scores.js";

// On the graphics card: another runtime, twice as large, which only a reader fetches who asked for it. The order of channels
// is the networks' own, because in the other, which it would take by itself, version 1.30 guesses wrong, on both cards tried.
const gpu = new URL(import.meta.url).searchParams.has("gpu");
const executionProviders = [gpu ? { name: "webgpu", preferredLayout: "NCHW" } : "wasm"];
let ort; // the runtime, once the first task has waited for it
const loading = import(gpu ? "./ort/ort.webgpu.min.mjs" : "./ort/ort.wasm.min.mjs").then((runtime) => {
  runtime.env.wasm.wasmPaths = new URL("./ort/", import.meta.url).href;
  runtime.env.wasm.numThreads = 1; // static hosts do not send the headers that threads need
  runtime.env.logLevel = "error";
  return runtime;
}, (error) => { throw new Error(`what runs the networks cannot be fetched (${error.message})`); });
loading.catch(() => {}); // said where it is waited for

let fetched = null;
const sessions = new Map();

function listed() {
  fetched ??= fetch(new URL("./models/manifest.json", import.meta.url)).then((answer) => {
    if (!answer.ok) throw new Error(`the list of networks cannot be fetched (${answer.status})`);
    return answer.json();
  });
  fetched.catch(() => { fetched = null; }); // a lost connection must not be remembered
  return fetched;
}

async function session(kind, name) {
  const key = `${kind}/${name}`;
  if (!sessions.has(key)) {
    const { networks } = await listed();
    const loaded = (async () => {
      const answer = await fetch(new URL(`./models/${networks[key].file}`, import.meta.url));
      if (!answer.ok) throw new Error(`the network ${key} cannot be fetched (${answer.status})`);
      return ort.InferenceSession.create(await answer.arrayBuffer(), { executionProviders, logSeverityLevel: 3 });
    })();
    loaded.catch(() => sessions.delete(key));
    sessions.set(key, loaded);
  }
  return sessions.get(key);
}

async function predict(name, image, phase) {
  const { data, height, width, rows, columns } = completed(image, phase);
  const feeds = {
    completed: new ort.Tensor("float32", data, [1, 3, height, width]),
    hidden_rows: new ort.Tensor("bool", hidden(rows), [1, rows.tiles, 128]),
    hidden_columns: new ort.Tensor("bool", hidden(columns), [1, columns.tiles, 128]),
  };
  const { out } = await (await session("predictors", name)).run(feeds);
  const answer = cut(out.data, rows, columns);
  out.dispose();
  return answer;
}

const TASKS = {
  async load() {
    await Promise.all(["good", "bad", "linear"].map((name) => session("predictors", name)));
  },
  async first({ image }) {
    return firstScores(image, predict);
  },
  async others({ image, first }) {
    return otherScores(image, first, predict);
  },
  async both({ image }) {
    const { predictability } = await firstScores(image, predict);
    return { predictability, complexity: await complexity(image, predict) };
  },
  async improve({ image, name, id }) {
    const { networks } = await listed();
    const net = await session("improvers", name);
    const run = async (part) => {
      const x = new ort.Tensor("float32", part.data, [1, 3, part.height, part.width]);
      return (await net.run({ x })).out.data;
    };
    return { image: await improved(image, networks[`improvers/${name}`], run, { progress: (done) => postMessage({ id, done }) }) };
  },
  async move({ image, name, id }) {
    const { networks } = await listed();
    const net = await session("improvers", name);
    const look = async (y, z, state, rows, columns) => {
      const [seen, guessed] = [y, z].map(({ data, height, width }) => new ort.Tensor("float32", data, [1, 3, height, width]));
      const before = new ort.Tensor("float32", state, [1, state.length / (rows * columns), rows, columns]);
      return (await net.run({ y: seen, z: guessed, state: before })).out.data;
    };
    const { looks } = networks[`improvers/${name}`];
    const predicted = (y, phase) => predict("good", y, phase);
    return { flow: await flowOf(image, looks, predicted, look, (done) => postMessage({ id, done })) };
  },
};

async function answer({ data }) {
  try {
    ort = await loading;
    postMessage({ id: data.id, answer: await TASKS[data.task](data) });
  } catch (error) {
    postMessage({ id: data.id, error: error.message ?? String(error) });
  }
}

// On the card a task ends before the next begins: there the runtime waits in between, and has room for one that waits.
let turn = Promise.resolve();
addEventListener("message", (message) => { turn = gpu ? turn.then(() => answer(message)) : answer(message); });
