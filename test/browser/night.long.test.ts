import { afterAll, beforeAll, expect, test } from 'vitest';
import { ALLOW_ALL, bench, type Bench } from '../support/cli.ts';
import { openBrowser, openPage, picture, sees, words } from '../support/chromium.ts';
import { command } from '../support/command.ts';
import { guid } from '../support/guid.ts';
import { nightTenant, type Night } from '../support/nightTenant.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';
import { servedToBob } from '../support/servedSite.ts';
import { jwt, secondsFromNow } from '../support/token.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

const TENANT = guid('the tenant of the night');
const WINDOW_MS = 2_000;
const WRITES = 20;

const person = (name: string): Readonly<Record<string, unknown>> => ({
  ...{ tid: TENANT, oid: guid(name), upn: `${name}@example.com`, appid: 'cli', exp: secondsFromNow(3600) },
  scp: 'User.Read DeviceManagementConfiguration.ReadWrite.All',
});
const ADA = jwt(person('ada'));

async function tenantOf(night: Night): Promise<Bench> {
  return bench(
    redis.url,
    {
      ...{ tenant: night.tenant, groups: [...night.groups], tokens: [ADA], forbidden: [...night.forbidden] },
      ...{ writeLimit: WRITES, windowMs: WINDOW_MS, otherAppShare: 0.4, otherAppFromMs: 6 * WINDOW_MS },
    },
    {
      ...{ AZURE_TENANT_ID: TENANT, RETARGET_ACCESS_TOKEN: ADA },
      ...{ RETARGET_WINDOW_MS: String(WINDOW_MS), RETARGET_WRITES_PER_WINDOW: String(WRITES) },
    },
  );
}

test('the whole night on a phone: approve, watch a throttled and paused run, find what failed, put iOS back', async () => {
  const night = nightTenant(60);
  const here = await tenantOf(night);
  await here.run(['approval', '--require', '--reason', 'CHG-1']);
  const file = here.file('wave-2.csv', night.changes);
  const submitted = await here.run([
    'submit',
    ...ALLOW_ALL,
    '--max-failures',
    '20%',
    '--reason',
    'Wave 2 to ring 2',
    file,
  ]);
  expect(submitted, submitted.stderr).toMatchObject({ exitCode: 0 });
  const runId = submitted.stdout.trim();
  const { url } = await servedToBob(here);
  const page = await openPage(await openBrowser());

  // Who opens it has to sign in, and then sees what waits for somebody.
  await page.goto(url);
  await page.getByRole('link', { name: 'Sign in' }).click();
  await sees(page, '1 run needs somebody');
  await sees(page, /waits for the yes|approve/);
  await picture(page, 'list');
  await page.getByRole('link', { name: 'wave-2.csv' }).click();
  await page.getByRole('link', { name: 'Approve …' }).click();
  await sees(page, `${night.rows} rows of wave-2.csv may be written then`);
  await page.getByRole('link', { name: 'What it changes' }).click();
  await sees(page, `${night.rows} assignments of 60 policies will be written`);
  await page.goBack();
  await page.getByLabel('Why, for the log').fill('compared with CHG-1');
  await page.getByRole('button', { name: 'Approve' }).click();
  await sees(page, /no worker/);

  // A worker comes, and the page says so without being loaded again.
  command(['worker'], { env: here.env, cwd: here.dir });
  await sees(page, /since \d\d:\d\d \w+/);
  await sees(page, /done about \d\d:\d\d \w+/);
  await sees(page, /told to wait [\d,]+ times \(429\)/);

  await page.getByRole('link', { name: 'Pause …' }).click();
  await sees(page, /wait until somebody resumes it/);
  await page.getByLabel('Why, for the log').fill('the service desk calls');
  await page.getByRole('button', { name: 'Pause' }).click();
  await sees(page, 'paused by Bob: the service desk calls');
  expect(await words(page)).not.toContain('done about');
  await page.waitForTimeout(3 * WINDOW_MS);
  await page.getByRole('link', { name: 'Resume …' }).click();
  await page.getByLabel('Why, for the log').fill('it was something else');
  await page.getByRole('button', { name: 'Resume' }).click();
  await sees(page, /running|throttled/);
  await expect.poll(() => page.locator('.drawn canvas').count(), { timeout: 30_000 }).toBe(2);
  await expect.poll(() => page.locator('svg .span.pause').count(), { timeout: 30_000 }).toBeGreaterThan(0);
  expect(await page.locator('svg desc').textContent()).toMatch(/answered 429/);
  await sees(page, /1[3-9]\d of 240 rows/);
  await page.evaluate('scrollTo(0, 0)');
  await picture(page, 'run');
  await page.evaluate("document.querySelector('.plotted').scrollIntoView()");
  await picture(page, 'plot');

  // In the end some rows have failed, and each number leads to its rows.
  await sees(page, 'wave-2.csv completed');
  await sees(page, /8 rows failed: Forbidden/);
  await page.getByRole('link', { name: /8 rows failed/ }).click();
  await expect.poll(() => page.locator('li.row').count()).toBe(8);
  await page.locator('li.row a').first().click();
  await sees(page, /group GRP-hamburg .*group GRP-hamburg-ring-2/);
  await sees(page, /403 Forbidden/);
  await picture(page, 'row');
  await page.getByRole('link', { name: 'wave-2.csv' }).click();

  // The log has Bob as the person.
  await sees(page, /pause by Bob the service desk calls/);
  const commands = await page.locator('.paste code').allInnerTexts();
  const undo = commands.find((line) => line.includes('platform=iOS*')) ?? '';
  expect(undo).toContain(`rollback ${runId} --where 'platform=iOS*'`);
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.getByRole('button', { name: `Copy: ${undo}` }).click();
  expect(await page.evaluate('navigator.clipboard.readText()')).toBe(undo);

  // Pasted, it takes iOS back and nothing else; the tenant wants a yes for it, too.
  const argv = undo
    .replace(/^.*retarget /, '')
    .split(' ')
    .map((word) => word.replaceAll("'", ''));
  const asked = await here.run([...argv, '--yes', '--reason', 'ring 2 has no Wi-Fi']);
  const allow = /--allow \S+/.exec(asked.stderr)?.[0].split(' ') ?? [];
  const undone =
    asked.exitCode === 3
      ? await here.run([...argv, '--yes', '--reason', 'ring 2 has no Wi-Fi', ...allow])
      : asked;
  expect(undone, undone.stderr).toMatchObject({ exitCode: 0 });
  await page.goto(url);
  await sees(page, /rollback of .* has to approve its plan/);
  await page.getByRole('link', { name: /^rollback of/ }).click();
  await page.getByRole('link', { name: 'Approve …' }).click();
  await page.getByLabel('Why, for the log').fill('yes');
  await page.getByRole('button', { name: 'Approve' }).click();
  await sees(page, 'completed');
  const groups = here.simulator.snapshot().policies.map(({ displayName, assignments = [] }) => ({
    ...{ displayName, groups: assignments.map(({ target }) => target['groupId']) },
  }));
  const back = groups.filter(({ groups: of }) => of.includes(guid('hamburg')));
  expect(back.length).toBeGreaterThan(15);
  expect(back.every(({ displayName = '' }) => /^(iOS|Windows VPN 3)/.test(displayName))).toBe(true);
});
