import { afterAll, beforeAll, expect, test } from 'vitest';
import { ALLOW_ALL, bench, csv, type Bench } from '../support/cli.ts';
import { guid } from '../support/guid.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';
import { SMALL_TENANT, groupTarget } from '../support/simulatorClient.ts';
import { webSite, wordsIn } from '../support/webSite.ts';

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

test('what is said of a throttle family leads to its rows, and what was sent to those that it is about', async () => {
  const here = await bench(redis.url, {
    tenant: {
      policies: [
        ...SMALL_TENANT.policies,
        {
          ...{ id: 's1', type: 'deviceManagementScript', displayName: 'Fonts' },
          assignments: [{ id: 'a9', target: groupTarget('g1') }],
        },
      ],
    },
  });
  const both = `${CHANGES}deviceManagementScript,s1,a9,group,${guid('new')}\n`;
  const submit = ['submit', '--no-plan', '--max-failures', 'off', here.file('both.csv', both)];
  const runId = (await here.run(submit)).stdout.trim();
  const { page, words } = await webSite(here);
  expect(await page(`/runs/${runId}`)).toContain(
    `<a href="/runs/${runId}/rows?family=devices">0 of 1 rows</a>`,
  );
  expect(await words(`/runs/${runId}/rows?family=devices`)).toMatch(
    /Rows: scripts .* s1 .* That is all: 1 row here/,
  );
  expect(await words(`/runs/${runId}/rows?family=deviceConfiguration`)).toContain('That is all: 2 rows here');
  expect(await words(`/runs/${runId}/rows?status=pending&sent=1`)).toContain('No row is so.');
});

test('a run that was rolled back says by which run, in the list and by itself', async () => {
  const here = await site();
  const runId = await submitted(here);
  await here.run(['worker', '--until-idle']);
  const rollback = await here.run(['rollback', runId, '--yes', '--json']);
  const { runId: back } = JSON.parse(rollback.stdout) as { runId: string };
  const { page, words } = await webSite(here);
  expect(await words('/')).toContain(`Rollback ${back}`);
  expect(await page(`/runs/${runId}`)).toContain(`<a href="/runs/${back}">${back}</a>`);
  expect(await words(`/runs/${back}`)).not.toContain('Rollback ');
  const { stdout } = await here.run(['status', runId, '--json']);
  expect(JSON.parse(stdout)).toMatchObject({ rollbacks: [back] });
});

test('rows are found by status, by cause, and by a part of what their policy or group is called, in any letter case', async () => {
  const here = await site();
  here.simulator.reconfigure({ forbidden: ['a1'] });
  const file = here.file('big.csv', CHANGES);
  const { stdout } = await here.run(['submit', ...ALLOW_ALL, '--max-failures', 'off', file]);
  const runId = stdout.trim();
  await here.run(['worker', '--until-idle']);
  const { page, words } = await webSite(here);
  const rowsOf = async (query: string): Promise<number> =>
    (await page(`/runs/${runId}/rows?${query}`)).match(/<li class="row">/g)?.length ?? 0;
  expect(await rowsOf('')).toBe(2);
  expect(await rowsOf('status=failed')).toBe(1);
  expect(await rowsOf('status=succeeded')).toBe(1);
  expect(await rowsOf(`q=${guid('new').slice(3, 20).toUpperCase()}`)).toBe(2);
  expect(await rowsOf('q=nothing+of+that+name')).toBe(0);
  expect(await words(`/runs/${runId}/rows?q=nothing+of+that+name`)).toContain('No row is so.');
  const run = await page(`/runs/${runId}`);
  const cause = /rows\?status=failed&amp;cause=(\w+)/.exec(run)?.[1];
  expect(wordsIn(run)).toMatch(/1 row failed: \w+/);
  expect(await rowsOf(`status=failed&cause=${cause}`)).toBe(1);
  expect(await rowsOf('status=failed&cause=0123456789')).toBe(0);
});

test('a row shows what was there and what was to be, and what was sent for it with ids and times', async () => {
  const here = await site();
  here.simulator.reconfigure({ forbidden: ['a1'] });
  const runId = await submitted(here);
  await here.run(['worker', '--until-idle']);
  const { page, words } = await webSite(here);
  const rows = await page(`/runs/${runId}/rows?status=failed`);
  const path = /href="(\/runs\/[^"]*\/rows\/\d+)"/.exec(rows)?.[1] ?? '';
  const row = await words(path);
  expect(row).toMatch(/before: group .*after: group /);
  expect(row).toContain('Sent once');
  expect(row).toMatch(/\d\d:\d\d:\d\d \w+ 403/);
  expect(row).toMatch(/client-request-id [0-9a-f-]{36}/);
  expect(row).toContain(`retarget retry ${runId} --where row=2 --work`);
  // What was refused is not there to be put back.
  expect(row).not.toContain('Put it back');
  const written = await page(`/runs/${runId}/rows?status=succeeded`);
  const other = /href="(\/runs\/[^"]*\/rows\/\d+)"/.exec(written)?.[1] ?? '';
  expect(await words(other)).toContain(`retarget rollback ${runId} --where row=3`);
});

test('what is not there is told with what to do next', async () => {
  const here = await site();
  const { web, words } = await webSite(here);
  for (const path of ['/runs/nothing', '/runs/nothing/rows', '/runs/nothing/rows/3', '/nowhere'])
    expect((await web.inject(path)).statusCode).toBe(404);
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
