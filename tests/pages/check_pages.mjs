// Opens pages of a built book in Chromium, wide and narrow, light and dark, and reports as JSON what is broken, what shuts a
// reader out (axe-core), and how much each page weighs.
//
//   node check_pages.mjs BASE_URL CHROMIUM MODULES PAGE...      SCREENSHOTS=folder also saves a picture of each page
//
// MODULES is the node_modules folder that has playwright-core and axe-core. Only BASE_URL is reachable: any other request is
// refused and reported, except those that Chromium makes for itself when it starts.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

import { chooseTheme, openBrowser, watch } from "./browser.mjs";

const [base, executablePath, modules, ...pages] = process.argv.slice(2);
const axe = readFileSync(join(modules, "axe-core", "axe.min.js"), "utf8");

const [WIDE, NARROW] = [{ width: 1400, height: 900 }, { width: 390, height: 844 }];
const VISITS = [["light", [WIDE, NARROW]], ["dark", [NARROW, WIDE]]]; // the size a page is loaded in, and turned to
const AT_ONCE = process.env.SCREENSHOTS ? 1 : 3; // pages: while one waits for its network to be still, another is looked at
const STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const TEXT = /\.(html|css|js|mjs|json|svg)(\?.*)?$/; // what a host compresses on its way
const ON_DEMAND = /\/try\/(ort|models)\//; // fetched when a reader asks for a score, and counted by check_try.mjs

// Runs in the page: what a reader would see as broken.
function inspect() {
  const problems = [];
  const root = document.documentElement;
  // Whether the window itself scrolls sideways; a table or a line of code may scroll in its own box.
  if (root.scrollWidth > root.clientWidth + 1) {
    const wide = [...document.querySelectorAll("body *")].filter((element) => {
      const box = element.getBoundingClientRect();
      return box.width > 0 && box.right > root.clientWidth + 1 && !element.closest("pre, table, .pst-scrollable-table-container");
    });
    const names = wide.slice(0, 3).map((element) => `${element.tagName.toLowerCase()}.${element.className}`);
    problems.push(`page is ${root.scrollWidth} px wide in a window of ${root.clientWidth}: ${names.join(", ")}`);
  }
  for (const image of document.images) {
    if (!image.complete || image.naturalWidth === 0) problems.push(`image not shown: ${image.getAttribute("src")}`);
  }
  for (const error of document.querySelectorAll("mjx-merror, [data-mjx-error], .problematic, .system-message")) {
    problems.push(`error in the page: ${error.textContent.trim().slice(0, 120)}`);
  }
  if ((document.querySelector("article")?.innerText ?? "").trim().length < 40) problems.push("no text");
  return { problems, formulas: document.querySelectorAll("mjx-container").length,
           raw: document.querySelectorAll("article .math").length, theme: root.dataset.theme };
}

// Runs in the page, once it is drawn in its new size: 300 ms later the theme lets the keyboard reach what scrolls now.
function settle() {
  return new Promise((done) => requestAnimationFrame(() => setTimeout(done, 400)));
}

async function violations(tab) {
  return tab.evaluate(async (standards) => {
    const found = await window.axe.run(document, { runOnly: standards, resultTypes: ["violations"] });
    return found.violations.flatMap(({ id, nodes }) =>
      nodes.map((node) => ({ id, where: node.target.join(" "), why: node.failureSummary.slice(0, 300) })));
  }, STANDARDS);
}

const weights = new Map(); // of what was fetched for any page, by its address

// Loads a page in a window of the first size, and looks at it in each.
async function visit(browser, page, theme, sizes) {
  const tab = await browser.newPage();
  const broken = await watch(tab, base);
  await tab.setViewportSize(sizes[0]);
  await tab.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
  await chooseTheme(tab, theme);
  const fetched = new Set();
  tab.on("response", async (answer) => {
    const url = answer.url();
    if (ON_DEMAND.test(url)) return;
    fetched.add(url);
    if (weights.has(url)) return;
    const body = await answer.body().catch(() => Buffer.alloc(0));
    weights.set(url, TEXT.test(url) ? gzipSync(body).length : body.length);
  });
  await tab.goto(`${base}/${page}.html`, { waitUntil: "networkidle" });
  await tab.evaluate(() => window.MathJax?.startup?.promise);
  // Images below the fold may load lazily.
  await tab.evaluate(() => Promise.all([...document.images].map((image) => {
    image.loading = "eager";
    return image.decode().catch(() => {});
  })));
  if (page === "try") await tab.waitForSelector("#try[data-scored]", { timeout: 180_000 }); // the sample that it begins with
  await tab.evaluate(axe);
  const rows = [];
  for (const size of sizes) {
    await tab.setViewportSize(size);
    if (size !== sizes[0]) await tab.evaluate(settle);
    const { problems, formulas, raw, theme: shown } = await tab.evaluate(inspect);
    if (shown !== theme) problems.push(`theme is ${shown}, not ${theme}`);
    if (formulas < raw) problems.push(`${raw} formulas, ${formulas} rendered`);
    rows.push({ page, width: size.width, theme, formulas, problems, barriers: await violations(tab) });
    if (!process.env.SCREENSHOTS) continue;
    // A window as tall as the page, so that side bars which stick to the window are drawn as a reader sees them.
    const height = await tab.evaluate(() => document.documentElement.scrollHeight);
    await tab.setViewportSize({ width: size.width, height: Math.min(Math.max(height, size.height), 12000) });
    await tab.screenshot({ path: join(process.env.SCREENSHOTS, `${page.replaceAll("/", "-")}-${size.width}-${theme}.png`) });
  }
  await tab.close();
  const bytes = [...fetched].reduce((sum, url) => sum + weights.get(url), 0);
  return rows.map((row) => ({ ...row, problems: [...broken, ...row.problems], bytes }));
}

const report = [];
const waiting = [...VISITS.flatMap(([theme, sizes]) => pages.map((page) => [page, theme, sizes])).entries()];

// One page after another until none is left: several of these share the work.
async function visits(browser) {
  for (let next; (next = waiting.shift()); ) report[next[0]] = await visit(browser, ...next[1]);
}

const { browser, close } = await openBrowser(executablePath, modules);
try {
  await Promise.all(Array.from({ length: AT_ONCE }, () => visits(browser)));
} finally {
  await close();
}
process.stdout.write(JSON.stringify(report.flat()));
