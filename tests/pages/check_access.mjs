// Runs axe-core on every page of a built book, on a desk and on a phone, light and dark; reports as JSON what shuts a
// reader out, and how much each page weighs.
//
//   node check_access.mjs BASE_URL CHROMIUM MODULES PAGE...
//
// MODULES is the node_modules folder that has playwright-core and axe-core.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

import { chooseTheme, openBrowser } from "./browser.mjs";

const [base, executablePath, modules, ...pages] = process.argv.slice(2);
const axe = readFileSync(join(modules, "axe-core", "axe.min.js"), "utf8");

const SIZES = [{ width: 1400, height: 900 }, { width: 390, height: 844 }];
// What a host compresses on its way.
const TEXT = /\.(html|css|js|mjs|json|svg)(\?.*)?$/;
const THEMES = ["light", "dark"];
const STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

async function violations(tab) {
  await tab.evaluate(axe);
  return tab.evaluate(async (standards) => {
    const found = await window.axe.run(document, { runOnly: standards, resultTypes: ["violations"] });
    return found.violations.flatMap(({ id, help, nodes }) =>
      nodes.map((node) => ({ id, help, where: node.target.join(" "), html: node.html.slice(0, 160), why: node.failureSummary.slice(0, 300) })));
  }, STANDARDS);
}

const report = [];
const { browser, close } = await openBrowser(executablePath, modules);
try {
  for (const page of pages) {
    for (const size of SIZES) {
      const tab = await browser.newPage();
      await tab.setViewportSize(size);
      await tab.emulateMedia({ reducedMotion: "reduce" });
      const weights = new Map();
      tab.on("response", async (answer) => {
        const body = await answer.body().catch(() => Buffer.alloc(0));
        weights.set(answer.url(), TEXT.test(answer.url()) ? gzipSync(body).length : body.length);
      });
      for (const theme of THEMES) {
        await chooseTheme(tab, theme);
        await tab.goto(`${base}/${page}.html`, { waitUntil: "networkidle" });
        await tab.evaluate(() => window.MathJax?.startup?.promise);
        if (page === "try" && size.width < 500) { // with everything that appears once a picture is chosen
          await tab.click("#try[data-ready] [data-sample]");
          await tab.waitForSelector("#try[data-scored]", { timeout: 180_000 });
        }
        report.push({ page, width: size.width, theme, problems: await violations(tab) });
      }
      const large = /\/try\/(ort|models)\//; // fetched when a reader asks for a score, and counted by check_try.mjs
      const fetched = [...weights].filter(([url]) => !large.test(url));
      report.at(-1).bytes = fetched.reduce((sum, [, bytes]) => sum + bytes, 0);
      await tab.close();
    }
  }
} finally {
  await close();
}
process.stdout.write(JSON.stringify(report));
