// Opens every page of a built book in Chromium, wide and narrow, light and dark, and reports what is wrong as JSON.
//
//   node check_pages.mjs BASE_URL CHROMIUM MODULES PAGE...      SCREENSHOTS=folder also saves a picture of each page
//
// MODULES is the node_modules folder that has playwright-core. Only 127.0.0.1 is reachable: any other request is refused
// and reported, except those that Chromium makes for itself when it starts.

import { join } from "node:path";

import { OWN_REQUESTS, chooseTheme, openBrowser } from "./browser.mjs";

const [base, executablePath, modules, ...pages] = process.argv.slice(2);

const SIZES = [{ width: 1400, height: 900 }, { width: 390, height: 844 }];
const THEMES = ["light", "dark"];

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
  const article = document.querySelector("article");
  if (!article || article.innerText.trim().length < 40) problems.push("no text");
  return { problems, formulas: document.querySelectorAll("mjx-container").length,
           raw: document.querySelectorAll("article .math").length, theme: root.dataset.theme };
}

const report = [];
const { browser, close } = await openBrowser(executablePath, modules);
try {
  for (const size of SIZES) {
    for (const theme of THEMES) {
      for (const page of pages) {
        const problems = [];
        const tab = await browser.newPage();
        await tab.setViewportSize(size);
        await tab.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
        await chooseTheme(tab, theme);
        await tab.route("**/*", (route) => {
          const url = route.request().url();
          if (url.startsWith(base) || url.startsWith("data:") || url.startsWith("blob:")) return route.continue();
          if (!OWN_REQUESTS.test(url)) problems.push(`request outside: ${url}`);
          return route.abort();
        });
        tab.on("console", (message) => { if (message.type() === "error") problems.push(`console: ${message.text()}`); });
        tab.on("pageerror", (error) => problems.push(`script: ${error.message}`));
        tab.on("response", (answer) => { if (answer.status() >= 400) problems.push(`${answer.status()}: ${answer.url()}`); });

        await tab.goto(`${base}/${page}.html`, { waitUntil: "networkidle" });
        await tab.evaluate(() => window.MathJax?.startup?.promise);
        // Images below the fold may load lazily.
        await tab.evaluate(() => Promise.all([...document.images].map((image) => {
          image.loading = "eager";
          return image.decode().catch(() => {});
        })));
        const seen = await tab.evaluate(inspect);
        if (seen.theme !== theme) problems.push(`theme is ${seen.theme}, not ${theme}`);
        if (seen.formulas < seen.raw) problems.push(`${seen.raw} formulas, ${seen.formulas} rendered`);
        const name = `${page.replaceAll("/", "-")}-${size.width}-${theme}`;
        if (process.env.SCREENSHOTS) {
          // A window as tall as the page, so that side bars which stick to the window are drawn as a reader sees them.
          const height = await tab.evaluate(() => document.documentElement.scrollHeight);
          await tab.setViewportSize({ width: size.width, height: Math.min(Math.max(height, size.height), 12000) });
          await tab.screenshot({ path: join(process.env.SCREENSHOTS, `${name}.png`) });
        }
        report.push({ page, width: size.width, theme, formulas: seen.formulas, problems: [...problems, ...seen.problems] });
        await tab.close();
      }
    }
  }
} finally {
  await close();
}
process.stdout.write(JSON.stringify(report));
