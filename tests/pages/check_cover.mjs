// Works the front page's figure by pointer, slider and button, and reports what it shows as JSON.
//
//   node check_cover.mjs BASE_URL CHROMIUM MODULES

import { openBrowser, watch } from "./browser.mjs";

const [base, executablePath, modules] = process.argv.slice(2);
const { browser, close } = await openBrowser(executablePath, modules);
const report = { problems: [] };
try {
  const part = (name) => `#cover [data-part="${name}"]`;
  const open = async (motion) => {
    const tab = await browser.newPage();
    await tab.emulateMedia(motion);
    report.problems = await watch(tab, base);
    await tab.goto(`${base}/index.html`, { waitUntil: "networkidle" });
    return tab;
  };
  const tab = await open({ reducedMotion: "reduce" });
  await tab.waitForSelector('#cover[data-ready="yes"]');
  const pixels = () => tab.evaluate((selector) => document.querySelector(selector).toDataURL(), part("canvas"));
  const stand = () => tab.inputValue(part("tiles"));
  report.still = { stand: Number(await stand()), most: Number(await tab.getAttribute(part("tiles"), "max")) };
  const seen = {};
  for (const [name, at] of [["photograph", 0], ["guessed", report.still.most / 2], ["mapped", report.still.most]]) {
    await tab.fill(part("tiles"), String(at));
    seen[name] = { picture: await pixels(), words: await tab.textContent(part("say")) };
  }
  report.pictures = new Set(Object.values(seen).map(({ picture }) => picture)).size;
  report.words = Object.fromEntries(Object.entries(seen).map(([name, { words }]) => [name, words]));

  await tab.fill(part("tiles"), "0");
  await tab.hover(part("canvas"));
  report.touched = (await pixels()) !== seen.photograph.picture;
  await tab.mouse.move(0, 0);
  report.left = (await pixels()) === seen.photograph.picture;

  await tab.focus(part("tiles"));
  await tab.keyboard.press("ArrowRight");
  report.key = Number(await stand());
  await tab.focus(part("play"));
  await tab.keyboard.press("Enter");
  await tab.waitForFunction((selector) => Number(document.querySelector(selector).value) > 3, part("tiles"));
  await tab.keyboard.press("Enter");
  report.stopped = await tab.textContent(part("play"));

  await tab.waitForSelector('#flow[data-ready="yes"]');
  const flow = (name) => `#flow [data-part="${name}"]`;
  const flown = {};
  report.flowEnds = await tab.evaluate((selector) => ["min", "max"].map((end) => document.querySelector(selector)[end]), flow("strength"));
  for (const strength of [report.flowEnds[0], "0", "0.5", report.flowEnds[1]]) {
    await tab.fill(flow("strength"), strength);
    flown[strength] = await tab.evaluate((selector) => document.querySelector(selector).toDataURL(), flow("canvas"));
    report.flowWords = { ...report.flowWords, [strength]: await tab.textContent(flow("say")) };
  }
  report.flows = new Set(Object.values(flown)).size;
  report.flowMilliseconds = Number(await tab.getAttribute("#flow", "data-milliseconds"));

  const moving = await open({ reducedMotion: "no-preference" });
  await moving.waitForFunction((selector) => Number(document.querySelector(selector).value) > 3, part("tiles"));
  report.moves = true;
} finally {
  await close();
}
process.stdout.write(JSON.stringify(report));
