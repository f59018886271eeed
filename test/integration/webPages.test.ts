import { afterAll, beforeAll, expect, test } from 'vitest';
import { bench, csv, type Bench } from '../support/cli.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';
import { SMALL_TENANT } from '../support/simulatorClient.ts';
import { webSite } from '../support/webSite.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

const CHANGES = csv(
  [
    ['c1', 'a1'],
    ['c2', 'a3'],
  ].map(([policyId, assignmentId]) => ({
    ...{ policyType: 'deviceConfiguration', policyId, assignmentId },
    ...{ targetType: 'group', groupId: 'new' },
  })),
);

async function submitted(here: Bench, ...flags: string[]): Promise<string> {
  const file = here.file('big.csv', CHANGES);
  const { stdout } = await here.run([
    'submit',
    '--no-plan',
    '--again',
    '--max-failures',
    'off',
    ...flags,
    file,
  ]);
  return stdout.trim();
}

const site = (): Promise<Bench> => bench(redis.url, { tenant: SMALL_TENANT });

test('the list begins with what needs somebody, and says what it waits for', async () => {
  const here = await site();
  const { words } = await webSite(here);
  expect(await words('/')).toContain('This tenant has no runs yet. Start one with');
  const runId = await submitted(here, '--reason', 'move Wi-Fi');
  await here.run(['pause', runId, '--reason', 'lunch']);
  const { words: later } = await webSite(here);
  const list = await later('/');
  expect(list).toContain('1 run needs somebody');
  expect(list).toMatch(/big\.csv paused 0 of 2 rows paused|big\.csv paused/);
  expect(list).toContain('by ada@desk: lunch');
  expect(list).toContain('ada@desk: move Wi-Fi');
});

test("a run's page says how it is and why, each number leads to its rows, and commands are there to be pasted", async () => {
  const here = await site();
  here.simulator.reconfigure({ forbidden: ['a1'] });
  const runId = await submitted(here, '--reason', 'move Wi-Fi');
  await here.run(['worker', '--until-idle']);
  const { page, words } = await webSite(here);
  const run = await words(`/runs/${runId}`);
  expect(run).toContain('big.csv completed');
  expect(run).toContain('2 of 2 rows');
  expect(run).toContain('1 succeeded');
  expect(run).toContain('why move Wi-Fi');
  expect(run).toContain(`retarget rollback ${runId}`);
  const markup = await page(`/runs/${runId}`);
  expect(markup).toContain(`href="/runs/${runId}/rows?status=failed"`);
  expect(await words('/')).toContain('Needs somebody');
});

test('what is not there is told with what to do next', async () => {
  const here = await site();
  const { web, words } = await webSite(here);
  expect((await web.inject('/runs/nothing')).statusCode).toBe(404);
  expect(await words('/runs/nothing')).toContain('look for it in the list of runs');
});

test('names that are markup are text, and nothing may run but the files of the server', async () => {
  const here = await site();
  const hostile = '</script><img src=x onerror=alert(1)>';
  const runId = await submitted(here, '--reason', hostile);
  const { web } = await webSite(here);
  for (const path of ['/', `/runs/${runId}`]) {
    const { body, headers } = await web.inject(path);
    expect(body).not.toContain('<img src=x');
    expect(body).toContain('&lt;img src=x');
    expect(headers['content-security-policy']).toContain("script-src 'self'");
    expect(headers['content-security-policy']).not.toContain('unsafe');
  }
});

test('while Redis is away a page says so, with what to do', async () => {
  const own = await startRedisServer({ tcp: true });
  const here = await bench(own.url, { tenant: SMALL_TENANT });
  const { web, words } = await webSite(here);
  await own.kill('SIGKILL');
  expect(await words('/')).toContain('Out of reach');
  expect((await web.inject('/')).statusCode).toBe(503);
  await own.stop();
});
