// Times each network of the page "Try it on your picture" on the processor and on the graphics card, prints a JSON record.
//
//   node time_gpu.mjs PAGE_URL CHROMIUM MODULES DEVICE [FLAG...] > results/bench-page.json
//
// The processor computes in the same runtime, by one thread. DEVICE is what the card is called, which browsers do not tell; FLAG what Chromium needs to find it. On a server without a
// screen, with NVIDIA's driver: --enable-unsafe-webgpu --enable-features=Vulkan --use-angle=vulkan --disable-vulkan-surface

import { openBrowser } from "./browser.mjs";

const [url, executablePath, modules, device, ...flags] = process.argv.slice(2);
const { browser, close } = await openBrowser(executablePath, modules, { flags });
try {
  const tab = await browser.newPage();
  await tab.goto(url);
  const record = await tab.evaluate(async () => {
    const adapter = await navigator.gpu?.requestAdapter();
    if (!adapter) throw new Error("no graphics card was found");
    const home = new URL("try/", location.href);
    const [ort, { completed, hidden }, { networks }] = await Promise.all([
      import(new URL("ort/ort.webgpu.min.mjs", home)), import(new URL("grid.js", home)),
      fetch(new URL("models/manifest.json", home)).then((answer) => answer.json()),
    ]);
    Object.assign(ort.env.wasm, { wasmPaths: new URL("ort/", home).href, numThreads: 1 });

    const given = (form, size) => { // waves, as a picture of that size
      const data = Float32Array.from({ length: 3 * size * size }, (_, i) => 0.5 + 0.4 * Math.sin((i % size) / 17) * Math.cos(i / size / 11));
      if (form === "improver") return { x: new ort.Tensor("float32", data, [1, 3, size, size]) };
      const whole = completed({ data, width: size, height: size });
      return {
        completed: new ort.Tensor("float32", whole.data, [1, 3, whole.height, whole.width]),
        hidden_rows: new ort.Tensor("bool", hidden(whole.rows), [1, whole.rows.tiles, 128]),
        hidden_columns: new ort.Tensor("bool", hidden(whole.columns), [1, whole.columns.tiles, 128]),
      };
    };
    const timed = async (session, feeds, runs) => {
      const seconds = [];
      let data = null;
      for (let run = -1; run < runs; run++) { // the first prepares
        const begun = performance.now();
        data = (await Object.values(await session.run(feeds))[0].getData()).slice();
        if (run >= 0) seconds.push((performance.now() - begun) / 1000);
      }
      return { data, seconds: seconds.sort((a, b) => a - b)[Math.floor(runs / 2)] };
    };

    const found = {};
    for (const [key, { file, form }] of Object.entries(networks)) {
      if (form === "look") continue; // a step of the mover's, between its asking the predictor
      const weights = await (await fetch(new URL(`models/${file}`, home))).arrayBuffer();
      const session = (provider) => ort.InferenceSession.create(weights, { executionProviders: [provider], logSeverityLevel: 3 });
      const [processor, card] = [await session("wasm"), await session({ name: "webgpu", preferredLayout: "NCHW" })];
      const rows = (found[key.split("/")[1]] = {});
      for (const size of [256, 512, 1024]) {
        const feeds = given(form, size);
        const [slow, quick] = [await timed(processor, feeds, 1), await timed(card, feeds, 5)];
        const largest = slow.data.reduce((most, value, i) => Math.max(most, Math.abs(value - quick.data[i])), 0);
        const [one, other] = [slow, quick].map(({ seconds }) => Number(seconds.toFixed(4)));
        rows[size] = { processor: one, card: other, times_faster: Number((one / other).toFixed(4)), largest };
      }
    }
    return { vendor: adapter.info.vendor, runtime: ort.env.versions.web, networks: found };
  });
  console.log(JSON.stringify({ machine: { device, browser: `Chromium ${browser.browser()?.version() ?? ""}` }, ...record }, null, 2));
} finally {
  await close();
}
