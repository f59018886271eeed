import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ALLOW_ALL, bench, type Bench } from '../support/cli.ts';
import { axeFindings, openBrowser, openPage, picture, sees, words } from '../support/chromium.ts';
import { guid } from '../support/guid.ts';
import { nightTenant } from '../support/nightTenant.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';
import { come, served, servedToBob } from '../support/servedSite.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

const HOSTILE = `</script><img src=x onerror="alert(1)">`;

let sites = 0;

interface Site extends Bench {
  readonly runId: string;
}

/** A tenant with a run that has ended with failures, one of whose policies is called so that it would run something. */
async function site({ isOver = true } = {}): Promise<Site> {
  const night = nightTenant(12, { 0: HOSTILE });
  sites += 1;
  const here = await bench(
    redis.url,
    { tenant: night.tenant, groups: [...night.groups], forbidden: [...night.forbidden] },
    { AZURE_TENANT_ID: guid(`tenant of pages ${sites}`) },
  );
  const file = here.file('wave-2.csv', night.changes);
  const flags = ['--max-failures', 'off', '--reason', HOSTILE];
  const submitted = await here.run(['submit', ...ALLOW_ALL, ...flags, file]);
  expect(submitted, submitted.stderr).toMatchObject({ exitCode: 0 });
  await here.run(['plan', file, '-o', join(here.dir, 'plan.ndjson')]);
  if (isOver) await here.run(['worker', '--until-idle']);
  return { ...here, runId: submitted.stdout.trim() };
}

/** Every page of a run, and of a plan. */
const pathsOf = (runId: string): string[] => [
  ...[
    '/',
    `/runs/${runId}`,
    `/runs/${runId}/rows`,
    `/runs/${runId}/rows?status=failed`,
    `/runs/${runId}/rows?q=wi-fi`,
  ],
  ...[
    `/runs/${runId}/rows/0`,
    `/runs/${runId}/plan`,
    `/runs/${runId}/plan/rows`,
    '/plans/1',
    '/plans/1/rows?result=toWrite',
  ],
  ...['/runs/nothing', '/sign-in'],
];

test('a page whose server starts again says since when it is away, shows no time that is left, and goes on with the new one', async () => {
  const here = await site({ isOver: false });
  const pages = await servedToBob(here);
  const page = await openPage(await openBrowser());
  await page.goto(`${pages.url}/runs/${here.runId}`);
  await page.getByRole('link', { name: 'Sign in' }).click();
  await page.locator('html.live').waitFor();
  pages.process.kill('SIGKILL');
  await sees(page, /Connection lost since \d\d:\d\d:\d\d/);
  expect(await page.locator('html').getAttribute('class')).toContain('away');
  await picture(page, 'away');
  await here.run(['pause', here.runId, '--reason', 'meanwhile']);
  await pages.again();
  await sees(page, 'paused by ada@desk: meanwhile');
  expect(await words(page)).not.toContain('Connection lost');
});

test('a page whose link is void, as its server has started anew, says so and where to sign in', async () => {
  const here = await site({ isOver: false });
  const pages = await served(here);
  const page = await openPage(await openBrowser());
  await come(page, pages);
  await page.locator('html.live').waitFor();
  pages.process.kill('SIGKILL');
  await sees(page, /Connection lost since/);
  await served(here, { port: Number(new URL(pages.url).port) });
  await sees(page, 'The server does not know you any more: sign in again');
  await page.getByRole('link', { name: 'Sign in' }).click();
  await sees(page, 'prints a link that is good once');
});

test('while Redis is away the page says so and what was there, and comes back by itself', async () => {
  const own = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
  const night = nightTenant(3);
  const here = await bench(own.url, { tenant: night.tenant });
  await here.run(['submit', '--no-plan', here.file('wave-2.csv', night.changes)]);
  const pages = await served(here);
  const page = await openPage(await openBrowser());
  await come(page, pages);
  await sees(page, 'wave-2.csv');
  await own.kill('SIGKILL');
  await sees(page, /has not reached Redis since \d\d:\d\d:\d\d/);
  await own.restart();
  await expect.poll(() => words(page), { timeout: 30_000 }).not.toMatch(/has not reached Redis/);
  await sees(page, 'wave-2.csv');
  await own.stop();
});

describe('with scripts off', () => {
  test('every page reads, the list leads to failing rows, and a run is paused', async () => {
    const here = await site({ isOver: false });
    const pages = await served(here, { flags: ['--plan', 'plan.ndjson'] });
    const page = await openPage(await openBrowser(), { javaScriptEnabled: false });
    await page.goto(pages.link);
    await page.goto(pages.url);
    await sees(page, 'Scripts are off: load the page again');
    await page.getByRole('link', { name: 'wave-2.csv' }).click();
    await sees(page, 'queued');
    await page.getByRole('link', { name: 'Pause …' }).click();
    await page.getByLabel('Why, for the log').fill('no scripts here');
    await page.getByRole('button', { name: 'Pause' }).click();
    await sees(page, 'no scripts here');
    for (const path of pathsOf(here.runId)) {
      await page.goto(pages.url + path);
      expect((await words(page)).length, path).toBeGreaterThan(40);
    }
  });
});

test('by keyboard alone somebody comes from the list to a failing row, and pauses nothing by accident', async () => {
  const here = await site();
  const pages = await served(here);
  const page = await openPage(await openBrowser());
  await come(page, pages);
  const focused = (): Promise<string> =>
    page.evaluate('(document.activeElement?.textContent ?? "").replace(/\\s+/g, " ").trim()');
  /** Goes on with Tab until it is at something that is called so; never by more steps than there are things. */
  const reach = async (name: RegExp): Promise<void> => {
    for (let steps = 0; steps < 60; steps += 1) {
      await page.keyboard.press('Tab');
      if (name.test(await focused())) return;
    }
    throw new Error(`Tab never came to ${String(name)}`);
  };
  await page.keyboard.press('Tab');
  expect(await focused()).toBe('Skip to the content');
  expect(await page.locator(':focus-visible').count()).toBe(1);
  await page.keyboard.press('Enter');
  await reach(/^wave-2\.csv$/);
  await page.keyboard.press('Enter');
  await sees(page, 'completed');
  await reach(/\d+ failed$/);
  await page.keyboard.press('Enter');
  await sees(page, /Rows: failed/);
  await reach(/^<\/script>/);
  await page.keyboard.press('Enter');
  await sees(page, 'What it changes');
});

test('names that are markup run nothing, on no page', async () => {
  const here = await site();
  const pages = await served(here, { flags: ['--plan', 'plan.ndjson'] });
  const page = await openPage(await openBrowser());
  await come(page, pages);
  for (const path of pathsOf(here.runId)) {
    await page.goto(pages.url + path);
    expect(await page.locator('img').count(), path).toBe(0);
    // What is live comes as markup, too.
    await page.waitForTimeout(100);
  }
  await page.goto(`${pages.url}/runs/${here.runId}/rows/0`);
  await sees(page, HOSTILE);
});

describe.each(['light', 'dark'] as const)('%s, at 360 px', (colorScheme) => {
  test('axe finds nothing serious on any page, and no page is wider than the phone', async () => {
    const here = await site();
    const pages = await served(here, { flags: ['--plan', 'plan.ndjson'] });
    const page = await openPage(await openBrowser(), { colorScheme });
    await come(page, pages);
    const open = await here.run(['submit', '--no-plan', '--again', join(here.dir, 'wave-2.csv')]);
    const found: string[] = [];
    for (const path of [
      ...pathsOf(here.runId),
      ...['', '/pause'].map((act) => `/runs/${open.stdout.trim()}${act}`),
    ]) {
      await page.goto(pages.url + path);
      await page.waitForTimeout(300);
      found.push(...(await axeFindings(page)).map((finding) => `${path}: ${finding}`));
      const width = await page.evaluate('document.documentElement.scrollWidth');
      if (Number(width) > 360) found.push(`${path} is ${String(width)} px wide`);
    }
    expect(found).toEqual([]);
  });
});
