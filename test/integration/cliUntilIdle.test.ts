import { afterAll, beforeAll, expect, test } from 'vitest';
import { ALLOW_ALL, bench, csv, type Bench } from '../support/cli.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';
import { groupTarget } from '../support/simulatorClient.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

const IDS = ['a0', 'a1', 'a2', 'a3'];

interface Site extends Bench {
  submit(groupId: string, ...more: string[]): Promise<string>;
  /** What `worker --until-idle` ends with. */
  work(): Promise<number>;
}

async function site(): Promise<Site> {
  const here = await bench(redis.url, {
    tenant: {
      policies: IDS.map((id) => ({
        ...{ id: `p${id}`, type: 'deviceConfiguration' as const },
        assignments: [{ id, target: groupTarget('old') }],
      })),
    },
  });
  const row = (id: string, groupId: string) => ({
    ...{ policyType: 'deviceConfiguration', policyId: `p${id}`, assignmentId: id },
    ...{ targetType: 'group', groupId },
  });
  return {
    ...here,
    async submit(groupId, ...more) {
      const file = here.file(`${groupId}.csv`, csv(IDS.map((id) => row(id, groupId))));
      return (await here.run(['submit', '--no-plan', file, ...more])).stdout.trim();
    },
    work: async () => (await here.run(['worker', '--until-idle'])).exitCode,
  };
}

test('a worker until idle ends with 0 when all is done, or there was nothing to do', async () => {
  const { submit, work } = await site();
  expect(await work()).toBe(0);
  await submit('one');
  expect(await work()).toBe(0);
});

test('rows that failed make it 1, in the run that it worked on and no more in the next one', async () => {
  const { submit, work, simulator } = await site();
  simulator.reconfigure({ forbidden: ['a1'] });
  await submit('one', '--max-failures', 'off');
  expect(await work()).toBe(1);
  expect(await work()).toBe(0);
  simulator.reconfigure({ forbidden: [] });
  await submit('two');
  expect(await work()).toBe(0);
});

test('a run that was aborted, or is left paused, makes it 3, also beside one that is done', async () => {
  const { submit, work, simulator, run } = await site();
  simulator.reconfigure({ refusePatch: ['deviceConfiguration'] });
  await submit('one');
  expect(await work()).toBe(3);
  simulator.reconfigure({ refusePatch: [] });
  await run(['pause', await submit('two')]);
  await submit('three');
  expect(await work()).toBe(3);
});

test('a tenant that is stopped makes it 3, as its runs stand still', async () => {
  const { submit, work, run } = await site();
  await submit('one');
  await run(['pause', '--all']);
  expect(await work()).toBe(3);
});

test('a run that waits for the sign-in makes it 4, whatever became of others', async () => {
  const { submit, work, simulator, run } = await site();
  await run(['pause', await submit('one')]);
  await submit('two');
  simulator.reconfigure({ tokens: ['another'] });
  expect(await work()).toBe(4);
});

test('a run whose time has not come makes it 3, and it says which one and when that is', async () => {
  const here = await site();
  const run = await here.submit('one', '--start-at', '2099-12-04T22:00', '--time-zone', 'Europe/Berlin');
  const worked = await here.run(['worker', '--until-idle']);
  expect(worked.exitCode).toBe(3);
  expect(worked.stderr).toContain(
    `Run ${run} (one.csv) waits, and is left to another worker: it begins at Fri 2099-12-04 22:00 (Europe/Berlin).`,
  );
});

test('a run that waits for a yes makes it 3, and it says whose', async () => {
  const here = await site();
  const run = await here.submit('one');
  const worked = await here.run(['worker', '--until-idle'], { env: { RETARGET_APPROVAL: 'required' } });
  expect(worked.exitCode).toBe(3);
  expect(worked.stderr).toMatch(
    new RegExp(`Run ${run} \\(one\\.csv\\) waits, and is left to another worker: .*approve`),
  );
});

test('what is to be taken back later makes it 0, and it says that a worker has to be there then', async () => {
  const here = await site();
  const file = here.file(
    'plan.csv',
    csv([
      {
        policyType: 'deviceConfiguration',
        policyId: 'pa0',
        assignmentId: 'a0',
        targetType: 'group',
        groupId: 'one',
      },
    ]),
  );
  const ran = await here.run(['submit', file, ...ALLOW_ALL, '--revert-after', '48h']);
  const worked = await here.run(['worker', '--until-idle']);
  expect(worked.exitCode, ran.stderr).toBe(0);
  expect(worked.stderr).toMatch(
    new RegExp(
      `Run ${ran.stdout.trim()} \\(plan\\.csv\\) is to be taken back \\w{3} .*: a worker has to be there then\\.`,
    ),
  );
});

test('its log has the begin and the end of each run, with what came of it', async () => {
  const { submit, simulator, run } = await site();
  simulator.reconfigure({ forbidden: ['a1'] });
  const runId = await submit('one', '--max-failures', 'off');
  const { stderr } = await run(['worker', '--until-idle']);
  const lines = stderr.split('\n').filter((line) => line.includes(runId));
  expect(lines).toEqual([
    expect.stringMatching(/info {2}Run of ada@desk begins with 4 rows of one\.csv\./),
    expect.stringMatching(/warn {2}Run completed in \d+ s: 3 succeeded, 1 failed\./),
  ]);
  // What has ended before is no news.
  expect((await run(['worker', '--until-idle'])).stderr).not.toContain(runId);
});

test('one that is told to end before it is idle ends with 130, and a worker of all times with 0', async () => {
  const { submit, simulator, start } = await site();
  simulator.reconfigure({ latencyMs: 300 });
  await submit('one');
  const untilIdle = start(['worker', '--until-idle']);
  await untilIdle.said('begins with');
  untilIdle.interrupt('SIGTERM');
  expect((await untilIdle.ended).exitCode).toBe(130);
  const worker = start(['worker']);
  await worker.said('Working for tenant');
  worker.interrupt('SIGTERM');
  expect((await worker.ended).exitCode).toBe(0);
});

test('a run for another root is none of its own', async () => {
  const { submit, work } = await site();
  await submit('one', '--graph-url', 'http://127.0.0.1:1');
  expect(await work()).toBe(0);
});
