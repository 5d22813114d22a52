// What the checks of pages share: a browser of their own, and a reader's choice of theme.

import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

// What Chromium asks for itself when it starts.
const OWN_REQUESTS = /^https?:\/\/([a-z0-9-]+\.)*(clients2|update|accounts|optimizationguide-pa|redirector)\.[a-z.]*google/;

// Opens Chromium with an empty profile, which `close` removes. MODULES is the folder that has playwright-core. Without
// `flags` it has no graphics card.
export async function openBrowser(executablePath, modules, { flags = ["--disable-gpu"], ...settings } = {}) {
  const { chromium } = createRequire(join(modules, "x.js"))("playwright-core");
  const profile = mkdtempSync(join(tmpdir(), "book-check-"));
  const browser = await chromium.launchPersistentContext(profile, {
    executablePath,
    headless: true,
    args: [...flags, "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking",
           "--disable-component-update", "--disable-sync"],
    ...settings,
  });
  const close = async () => {
    await browser.close();
    rmSync(profile, { recursive: true, force: true });
  };
  return { browser, close };
}

// As a reader who has chosen; without a choice the theme complains in the console.
export function chooseTheme(tab, theme) {
  return tab.addInitScript((mode) => {
    localStorage.setItem("mode", mode);
    localStorage.setItem("theme", mode);
  }, theme);
}

// Lists what goes wrong in a tab: errors, failed answers, and requests to elsewhere than `home`, which are refused.
export async function watch(tab, home) {
  const problems = [];
  await tab.route("**/*", (route) => {
    const url = route.request().url();
    if ([home, "data:", "blob:"].some((known) => url.startsWith(known))) return route.continue();
    if (!OWN_REQUESTS.test(url)) problems.push(`request outside: ${url}`);
    return route.abort();
  });
  tab.on("console", (message) => { if (message.type() === "error") problems.push(`console: ${message.text()}`); });
  tab.on("pageerror", (error) => problems.push(`script: ${error.message}`));
  tab.on("response", (answer) => { if (answer.status() >= 400) problems.push(`${answer.status()}: ${answer.url()}`); });
  return problems;
}
