// Applies an improver on the page "Try it on your picture" by the processor and by a graphics card made of software, and
// reports both results as JSON.
//
//   node check_gpu.mjs PAGE_URL CHROMIUM MODULES IMPROVER FILE

import { chooseTheme, openBrowser, watch } from "./browser.mjs";

const [url, executablePath, modules, improver, file] = process.argv.slice(2);
const { browser, close } = await openBrowser(executablePath, modules, {
  flags: ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"],
});
const part = (name) => `#try [data-part="${name}"]`;
const report = { runtimes: [] };
try {
  const tab = await browser.newPage();
  tab.setDefaultTimeout(300_000);
  await chooseTheme(tab, "light");
  report.problems = await watch(tab, new URL(url).origin);
  tab.on("response", (answer) => {
    if (answer.url().endsWith(".wasm")) report.runtimes.push(answer.url().split("/").pop());
  });
  await tab.goto(url);
  await tab.waitForSelector("#try[data-scored]");
  await tab.setInputFiles(part("file"), file);
  await tab.waitForSelector('#try[data-scored="small.png"]');
  await tab.selectOption(part("improver"), improver);
  report.there = await tab.isVisible(part("gpu"));
  const slider = part(improver === "mover" ? "strength" : "times");
  for (const how of report.there ? ["processor", "card"] : []) {
    if (how === "card") await tab.check(part("gpu")); // a painter goes on by itself, a mover waits to be asked
    if (how === "processor" || improver === "mover") await tab.fill(slider, "1");
    await tab.waitForSelector("#try[data-after]");
    report[how] = await tab.evaluate((selector) => ({
      picture: document.querySelector(selector).toDataURL("image/png"), error: Number(document.getElementById("try").dataset.after),
    }), part("after"));
  }
} finally {
  await close();
}
process.stdout.write(JSON.stringify(report));
