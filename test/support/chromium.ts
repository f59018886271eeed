import { accessSync, constants, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { expect, onTestFinished } from 'vitest';

const BINARIES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const PICTURES = fileURLToPath(new URL('../../.github/pictures/', import.meta.url));

/** A phone. */
export const PHONE = { viewport: { width: 360, height: 780 } } as const;

function executable(): string {
  const named = process.env['CHROME_PATH'];
  if (named !== undefined) return named;
  for (const folder of (process.env['PATH'] ?? '').split(delimiter))
    for (const name of BINARIES) {
      const path = join(folder, name);
      try {
        accessSync(path, constants.X_OK);
        return path;
      } catch {
        // It is elsewhere, or nowhere.
      }
    }
  throw new Error('no Chromium on the PATH: `npm run test:long` installs it, or name one with CHROME_PATH');
}

/** A headless Chromium, closed with the test. */
export async function openBrowser(): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: executable(),
    // Chromium has no sandbox for root, as whom containers run.
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  });
  onTestFinished(() => browser.close());
  return browser;
}

/** A page on which nothing may go wrong: errors of scripts, and what the content security policy has stopped, fail the test. */
export async function openPage(browser: Browser, options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext({ ...PHONE, ...options });
  const page = await context.newPage();
  const wrong: string[] = [];
  page.on('pageerror', (error) => wrong.push(error.message));
  page.on('console', (message) => {
    // A server that is away is what some tests are about.
    if (message.type() === 'error' && !/ERR_|Failed to load resource/.test(message.text()))
      wrong.push(message.text());
  });
  page.on('dialog', (dialog) => {
    wrong.push(`a dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  onTestFinished(() => expect(wrong).toEqual([]));
  return page;
}

/** What somebody reads on a page, in one line. */
export const words = async (page: Page): Promise<string> =>
  (await page.locator('body').innerText()).replace(/\s+/g, ' ');

/** Waits until a page says so. */
export async function sees(page: Page, text: string | RegExp): Promise<void> {
  await expect.poll(() => words(page), { timeout: SEEN_WITHIN_MS }).toMatch(text);
}

/** Of a machine that has other things to do. */
const SEEN_WITHIN_MS = 60_000;

/** What axe finds serious on a page as it is shown; it looks from beside the page, whose policy lets no other script in. */
export async function axeFindings(page: Page): Promise<readonly string[]> {
  const { readFileSync } = await import('node:fs');
  const found = await page.evaluate(`(async () => {
    const module = { exports: {} };
    (function (module, exports, define) { ${readFileSync(AXE, 'utf8')} }).call(globalThis, module, module.exports, undefined);
    const axe = module.exports.run ? module.exports : globalThis.axe;
    const { violations } = await axe.run(document, { resultTypes: ['violations'] });
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => id + ': ' + nodes.map(({ html, failureSummary }) => html.slice(0, 200) + ' ' + failureSummary).join(' | '));
  })()`);
  return found as string[];
}

/** A picture for README, when `RETARGET_PICTURES` asks for new ones. */
export async function picture(page: Page, name: string): Promise<void> {
  if (process.env['RETARGET_PICTURES'] === undefined) return;
  mkdirSync(PICTURES, { recursive: true });
  await page.screenshot({ path: join(PICTURES, `${name}.png`), animations: 'disabled' });
}
