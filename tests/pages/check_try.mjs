// Uses the page "Try it on your picture" as a reader would, and reports what it shows as JSON.
//
//   node check_try.mjs PAGE_URL CHROMIUM MODULES SAMPLE IMPROVER TIMES [FILE...]    each FILE is chosen afterwards
//
// SCREENSHOTS=folder also saves pictures of the page in use.

import { join } from "node:path";

import { chooseTheme, openBrowser, watch } from "./browser.mjs";

const [url, executablePath, modules, sample, improver, times, ...files] = process.argv.slice(2);
const origin = new URL(url).origin;
const { browser, close } = await openBrowser(executablePath, modules, {
  viewport: { width: Number(process.env.WIDTH ?? 1400), height: 1000 },
  colorScheme: process.env.THEME ?? "light",
});
const report = { files: {} };
try {
  const tab = await browser.newPage();
  tab.setDefaultTimeout(180_000);
  await chooseTheme(tab, process.env.THEME ?? "light");
  report.problems = await watch(tab, origin);
  const fetched = new Map(); // a restarted worker asks for the same files again, from the browser's cache
  tab.on("response", async (answer) => {
    fetched.set(answer.url(), Number((await answer.headerValue("content-length").catch(() => 0)) ?? 0));
  });
  const shot = async (name) => {
    if (process.env.SCREENSHOTS) await tab.screenshot({ path: join(process.env.SCREENSHOTS, `try-${name}.png`), fullPage: true });
  };
  const data = (name) => tab.evaluate((key) => document.getElementById("try").dataset[key], name);
  const part = (name) => `#try [data-part="${name}"]`;

  await tab.goto(url, { waitUntil: "networkidle" });
  await tab.waitForSelector('#try[data-ready="yes"]');
  report.improvers = await tab.$$eval(`${part("improver")} option`, (options) => options.map((one) => one.text));

  await tab.waitForSelector("#try[data-scored]");
  report.begun = await data("scored");

  // By keyboard alone: the sample is a button like any other.
  await tab.focus(`#try [data-sample="${sample}"]`);
  await tab.keyboard.press("Enter");
  await tab.waitForSelector(`#try[data-scored="${sample}"]`);
  report.mapSeconds = Number(await data("mapSeconds"));
  report.scores = await tab.evaluate(() => Object.fromEntries(
    ["predictability", "progress-score", "structure", "complexity"].map((name) =>
      [name, Number(document.querySelector(`#try [data-part="${name}"]`).dataset.value)])));
  report.place = await tab.textContent(part("predictability-place"));
  report.mapVaries = await tab.evaluate(() => {
    const canvas = document.querySelector('#try [data-part="map"]');
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return new Set(data.filter((_, i) => i % 4 === 0)).size;
  });

  await tab.selectOption(part("improver"), improver);
  await tab.fill(part("times"), times);
  await tab.waitForFunction((n) => document.getElementById("try").dataset.shown === n, times);
  report.improveSeconds = Number(await data("improveSeconds"));
  report.after = await tab.evaluate(() => document.querySelector('#try [data-part="after"]').toDataURL("image/png"));
  await tab.waitForFunction(() => document.getElementById("try").dataset.after);
  report.said = await tab.textContent(part("score-after"));
  await shot("improved");

  // The one that moves is held by how far it goes.
  await tab.selectOption(part("improver"), "mover");
  await tab.fill(part("strength"), "1");
  await tab.waitForFunction(() => document.getElementById("try").dataset.after);
  report.moved = {
    seconds: Number(await data("improveSeconds")),
    drawMilliseconds: Number(await data("drawMilliseconds")),
    score: Number(await data("after")),
    said: await tab.textContent(part("score-after")),
    after: await tab.evaluate(() => document.querySelector('#try [data-part="after"]').toDataURL("image/png")),
    againHidden: await tab.isHidden(part("again")),
  };
  await shot("moved");
  const kept = tab.waitForEvent("download");
  await tab.click(part("card"));
  report.moved.card = (await kept).suggestedFilename();
  await tab.selectOption(part("improver"), improver);

  // Cancelling: the word, what was done is kept, and the page goes on working.
  await tab.click(part("play"));
  await tab.waitForFunction((selector) => document.querySelector(selector).textContent.startsWith("step 2 of 30"), part("left"));
  await tab.click(part("cancel"));
  report.kept = { times: await tab.inputValue(part("times")), shown: await data("shown"), left: await tab.textContent(part("left")) };
  await tab.waitForFunction((selector) => document.querySelector(selector).textContent === "Stopped.", part("say"));
  await tab.fill(part("times"), "1");
  await tab.waitForFunction(() => document.getElementById("try").dataset.shown === "1");

  const download = tab.waitForEvent("download");
  await tab.click(part("download"));
  report.download = (await download).suggestedFilename();

  for (const file of files) {
    await tab.evaluate(() => { delete document.getElementById("try").dataset.scored; });
    await tab.setInputFiles(part("file"), file);
    await tab.waitForFunction((selector) => {
      const root = document.getElementById("try");
      return root.dataset.scored || document.querySelector(selector).dataset.kind === "bad";
    }, part("say"));
    report.files[file] = {
      say: await tab.textContent(part("say")),
      mapSeconds: Number(await data("mapSeconds")),
      scored: Boolean(await data("scored")),
      shown: await tab.isVisible(part("results")),
      picture: await tab.evaluate(() => document.querySelector('#try [data-part="picture"]').toDataURL("image/png")),
    };
    if (report.files[file].scored) {
      await tab.fill(part("times"), "1");
      await tab.waitForFunction(() => document.getElementById("try").dataset.shown === "1");
      report.files[file].improveSeconds = Number(await data("improveSeconds"));
    }
  }
  // Pasted and dropped, as files that a browser makes itself.
  report.given = {};
  for (const [kind, name] of [["paste", "pasted.png"], ["drop", "dropped.png"]]) {
    await tab.evaluate(async ([kind, name, selector]) => {
      const root = document.getElementById("try");
      delete root.dataset.scored;
      const canvas = new OffscreenCanvas(64, 48);
      canvas.getContext("2d").fillRect(8, 8, 30, 20);
      const files = new DataTransfer();
      files.items.add(new File([await canvas.convertToBlob()], name, { type: "image/png" }));
      const event = kind === "paste"
        ? new ClipboardEvent("paste", { clipboardData: files, bubbles: true })
        : new DragEvent("drop", { dataTransfer: files, bubbles: true, cancelable: true });
      document.querySelector(selector).dispatchEvent(event);
    }, [kind, name, part("zone")]);
    await tab.waitForFunction((expected) => document.getElementById("try").dataset.scored === expected, name);
    report.given[kind] = await tab.textContent(part("predictability"));
  }
  report.camera = await tab.getAttribute(part("camera"), "capture");
  report.fetched = [...fetched.values()].reduce((sum, one) => sum + one, 0);
} finally {
  await close();
}
process.stdout.write(JSON.stringify(report));
