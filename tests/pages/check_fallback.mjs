// Opens pages where a part of them cannot work, and reports as JSON what they say instead.
//
//   node check_fallback.mjs BASE_URL CHROMIUM MODULES FILE_URL      both the address of the book's folder

import { openBrowser } from "./browser.mjs";

const [base, executablePath, modules, file] = process.argv.slice(2);
const { browser, close } = await openBrowser(executablePath, modules);
const report = {};
try {
  // What a reader sees once a place no longer waits; `refused` requests fail.
  const read = async (address, id, refused) => {
    const tab = await browser.newPage();
    if (refused) await tab.route(refused, (route) => route.abort());
    await tab.goto(address);
    await tab.waitForFunction((name) => !document.getElementById(name).innerText.includes("…"), id);
    return tab.innerText("article");
  };
  report.file = await read(`${file}/try.html`, "try");
  report.slider = await read(`${file}/index.html`, "flow");
  report.unfetched = await read(`${base}/try.html`, "try", "**/try/app.js");
  report.unloaded = await read(`${base}/try.html`, "try", "**/*.wasm");

  const tab = await browser.newPage();
  await tab.goto(`${file}/index.html`);
  await tab.waitForSelector('#cover[data-ready="yes"]');
  report.cover = await tab.isVisible('#cover [data-part="canvas"]');
} finally {
  await close();
}
process.stdout.write(JSON.stringify(report));
