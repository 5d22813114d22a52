// Chooses the left one of every pair but the last, of which nothing can be said; reports what the page says at the end.
//
//   node check_blind.mjs BASE_URL CHROMIUM MODULES

import { openBrowser } from "./browser.mjs";

const [base, executablePath, modules] = process.argv.slice(2);
const { browser, close } = await openBrowser(executablePath, modules);
const report = {};
try {
  const tab = await browser.newPage();
  await tab.goto(`${base}/blind.html`);
  report.before = await tab.isVisible("#result");
  report.pairs = Number((await tab.innerText("#count")).split(" of ")[1]);
  for (let pair = 1; pair < report.pairs; pair++) await tab.click("#left");
  await tab.click("#skip");
  report.tally = await tab.$$eval("#tally tr", (rows) => rows.map((row) => [...row.cells].map((cell) => cell.textContent)));
  report.captions = await tab.$$eval("#shown figcaption", (captions) => captions.map((caption) => caption.textContent));
  report.data = await tab.$eval("#data", (data) => JSON.parse(data.textContent));
} finally {
  await close();
}
for (const versions of Object.values(report.data)) for (const name of Object.keys(versions)) versions[name] = "";
process.stdout.write(JSON.stringify(report));
