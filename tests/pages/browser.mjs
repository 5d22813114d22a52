// What the checks of pages share: a browser of their own, and a reader's choice of theme.

import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

// What Chromium asks for itself when it starts.
export const OWN_REQUESTS = /^https?:\/\/([a-z0-9-]+\.)*(clients2|update|accounts|optimizationguide-pa|redirector)\.[a-z.]*google/;

// Opens Chromium with an empty profile, which `close` removes. MODULES is the folder that has playwright-core.
export async function openBrowser(executablePath, modules, settings = {}) {
  const { chromium } = createRequire(join(modules, "x.js"))("playwright-core");
  const profile = mkdtempSync(join(tmpdir(), "book-check-"));
  const browser = await chromium.launchPersistentContext(profile, {
    executablePath,
    headless: true,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
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
