import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { SimulatorOptions } from '../../src/simulator/simulator.ts';
import type { TenantSeed } from '../../src/simulator/tenantFile.ts';
import { ALLOW_ALL, bench, csv, type Bench } from '../support/cli.ts';
import { guid } from '../support/guid.ts';
import { groupTarget } from '../support/simulatorClient.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ tcp: true });
});
afterAll(() => redis.stop());

const type = 'deviceConfiguration' as const;
const POLICIES = ['p0', 'p1', 'p2'];
const CHANGES = csv(
  POLICIES.map((id, i) => ({
    ...{ policyType: type, policyId: id, assignmentId: `${id}_a` },
    ...{ targetType: 'group', groupId: `new${i}` },
  })),
);

interface Site extends Bench {
  /** The group that each policy is assigned to. */
  groups(): unknown[];
  /** Somebody, or a write that nobody waits for any more, assigns a policy to its new group. */
  land(i: number): void;
  json(...argv: string[]): Promise<unknown>;
}

async function site(options: SimulatorOptions = {}): Promise<Site> {
  const policies = POLICIES.map((id) => ({
    ...{ id, type },
    assignments: [{ id: `${id}_a`, target: groupTarget('old') }],
  }));
  const here = await bench(redis.url, { tenant: { policies }, ...options }, { RETARGET_WINDOW_MS: '100' });
  const groups = (): unknown[] =>
    here.simulator.snapshot().policies.map(({ assignments: [only] }) => only?.target.groupId);
  const idOf = groups()[0];
  const short = (id: unknown): unknown => (id === idOf ? 'old' : 'new');
  return {
    ...here,
    groups: () => groups().map(short),
    land: (i) =>
      here.simulator.edit([
        {
          ...{ do: 'change', type, policyId: `p${i}`, assignmentId: `p${i}_a` },
          target: wanted(i),
        },
      ]),
    json: async (...argv) => JSON.parse((await here.run(argv)).stdout) as unknown,
  };
}

type Target = TenantSeed['policies'][number]['assignments'][number]['target'];
const wanted = (i: number): Target => groupTarget(guid(`new${i}`)) as Target;
const apply = (here: Site) =>
  here.run(['apply', here.file('x.csv', CHANGES), '--yes', '--max-failures', 'off', ...ALLOW_ALL]);

describe('a write that may land when nobody waits for it any more', () => {
  test('is told apart from what failed when it is given up, and put back by a rollback when it has landed', async () => {
    const here = await site({ faults: { error500Late: 1 }, lateMs: 600_000 });
    const applied = await apply(here);
    expect(applied, applied.stderr).toMatchObject({ exitCode: 1 });
    expect(applied.stderr).toContain('3 unsure');
    expect(applied.stderr).toContain('--only unsure');
    expect(await here.json('status', '@last', '--json')).toMatchObject({ unsure: 3, failed: 0 });
    expect((await here.run(['status', '@last'])).stdout).toMatch(/^ {2}unsure +3$/m);
    const rows = await here.json('results', '@last', '--only', 'unsure', '--format', 'json');
    expect(rows).toMatchObject(Array(3).fill({ status: 'unsure', errorCode: 'GaveUp', attempts: 3 }));

    here.simulator.reconfigure({ faults: {} });
    here.land(1);
    const back = await here.run(['rollback', '@last', '--yes', '--work']);
    expect(back, back.stderr).toMatchObject({ exitCode: 0 });
    expect(back.stderr).toContain('1 assignment to be put back');
    expect(back.stderr).toContain('2 assignments of these had a write sent that may still land');
    expect(here.groups()).toEqual(['old', 'old', 'old']);
  });

  test('is tried again by retry, which looks first', async () => {
    const here = await site({ faults: { error500Late: 1 }, lateMs: 600_000 });
    await apply(here);
    here.simulator.reconfigure({ faults: {} });
    here.land(1);
    const retried = await here.run(['retry', '@last', '--work']);
    expect(retried, retried.stderr).toMatchObject({ exitCode: 0 });
    expect(await here.json('status', '@last', '--json')).toMatchObject({ unsure: 0, succeeded: 3 });
    const back = await here.run(['rollback', '@last', '--yes', '--work']);
    expect(back, back.stderr).toMatchObject({ exitCode: 0 });
    expect(here.groups()).toEqual(['old', 'old', 'old']);
  });

  test('after its row was sent again is waited for by a rollback, which it would undo', async () => {
    const here = await site({ script: [{ envelope: 2, fault: 'timeoutLate' }], lateMs: 1_500 });
    await here.run(['submit', '--no-plan', here.file('x.csv', CHANGES)]);
    expect(await here.run(['worker', '--until-idle'])).toMatchObject({ exitCode: 0 });
    const back = await here.run(['rollback', '@last', '--yes', '--work']);
    expect(back, back.stderr).toMatchObject({ exitCode: 0 });
    expect(back.stderr).toContain('A write whose reply was lost may still land on 3 policies: waiting up to');
    // All that was sent has landed by now: the wait is longer than the simulator's.
    expect(here.groups()).toEqual(['old', 'old', 'old']);
  });

  test('is waited for by a rollback from the plan as well, and by a run of another file', async () => {
    const here = await site({ lateMs: 1_500 });
    const plan = join(here.dir, 'plan.ndjson');
    await here.run(['plan', here.file('x.csv', CHANGES), '-o', plan, ...ALLOW_ALL]);
    const writeLate = async (): Promise<void> => {
      here.simulator.reconfigure({ script: [{ envelope: 2, fault: 'timeoutLate' }] });
      expect(await here.run(['worker', '--until-idle'])).toMatchObject({ exitCode: 0 });
    };
    await here.run(['submit', plan, ...ALLOW_ALL]);
    await writeLate();
    const back = await here.run(['rollback', '--from', plan, '--yes', '--work']);
    expect(back, back.stderr).toMatchObject({ exitCode: 0 });
    expect(here.groups()).toEqual(['old', 'old', 'old']);

    await here.run(['submit', '--no-plan', '--again', here.file('x.csv', CHANGES)]);
    await writeLate();
    const oneBack = CHANGES.replaceAll(guid('new0'), guid('old'));
    const second = await here.run(['apply', here.file('y.csv', oneBack), '--yes', ...ALLOW_ALL]);
    expect(second, second.stderr).toMatchObject({ exitCode: 0 });
    expect(here.groups()).toEqual(['old', 'new', 'new']);
    expect(here.simulator.stats().writesLandedLate).toBe(6);
  });

  test('is counted by cancel, and settled later as what is there', async () => {
    const here = await site({ faults: { timeoutLate: 1 }, lateMs: 1_500 });
    await here.run(['submit', here.file('x.csv', CHANGES), '--no-plan']);
    const worker = here.start(['worker', '--until-idle']);
    await vi.waitFor(() => expect(here.simulator.stats().writesArrived).toBeGreaterThan(0), 10_000);
    const cancelled = await here.run(['cancel', '@last']);
    expect(cancelled).toMatchObject({ exitCode: 0 });
    expect(cancelled.stderr).toMatch(/\d writes? in doubt: sent, and nobody knows yet/);
    expect(await here.json('status', '@last', '--json')).toMatchObject({
      state: 'cancelled',
      finishedAt: null,
    });
    expect((await here.run(['status', '@last'])).stdout).toContain(
      'of them sent: the next read settles them',
    );
    const early = await here.run(['rollback', '@last', '--yes']);
    expect(early).toMatchObject({ exitCode: 2 });
    expect(early.stderr).toContain('in doubt');
    await worker.ended;
    const { succeeded, unsure } = (await here.json('status', '@last', '--json')) as Record<string, number>;
    expect(unsure).toBe(0);
    expect(here.groups().filter((group) => group === 'new')).toHaveLength(succeeded ?? 0);
    expect(succeeded).toBeGreaterThan(0);
  });
});

describe('what is as desired though the plan saw something else, and no write is on record', () => {
  async function unrecorded(): Promise<Site & { readonly runId: string }> {
    const here = await site();
    const plan = join(here.dir, 'plan.ndjson');
    const planned = await here.run(['plan', here.file('x.csv', CHANGES), '-o', plan, ...ALLOW_ALL]);
    expect(planned, planned.stderr).toMatchObject({ exitCode: 0 });
    const runId = (await here.run(['submit', plan, ...ALLOW_ALL])).stdout.trim();
    // As a run whose Redis has lost its last second leaves it.
    here.land(1);
    const worked = await here.run(['worker', '--until-idle']);
    expect(worked, worked.stderr).toMatchObject({ exitCode: 0 });
    return { ...here, runId };
  }

  test('is marked, counted, named by a rollback, and put back from the plan when that is asked for', async () => {
    const here = await unrecorded();
    expect(await here.json('status', here.runId, '--json')).toMatchObject({ skipped: 1, unrecorded: 1 });
    expect((await here.run(['status', here.runId])).stdout).toMatch(/^ {2}skipped +1, 1 of them/m);
    const rows = await here.json('results', here.runId, '--only', 'skipped', '--format', 'json');
    expect(rows).toMatchObject([{ policyId: 'p1', errorCode: 'AlreadySoUnplanned', attempts: 0 }]);

    const part = await here.run(['rollback', here.runId, '--yes', '--work']);
    expect(part, part.stderr).toMatchObject({ exitCode: 1 });
    expect(part.stderr).toContain('--include-unrecorded');
    expect(part.stderr).toContain('line 3');
    expect(here.groups()).toEqual(['old', 'new', 'old']);

    const all = await here.run(['rollback', here.runId, '--yes', '--work', '--include-unrecorded']);
    expect(all, all.stderr).toMatchObject({ exitCode: 0 });
    expect(here.groups()).toEqual(['old', 'old', 'old']);
  });

  test('is no doubt where another run has written it: that run is named, and takes it back', async () => {
    const here = await site();
    const plan = join(here.dir, 'plan.ndjson');
    await here.run(['plan', here.file('x.csv', CHANGES), '-o', plan, ...ALLOW_ALL]);
    const submit = async (...more: string[]): Promise<string> =>
      (await here.run(['submit', plan, '--again', ...ALLOW_ALL, ...more])).stdout.trim();
    const [first, second] = [await submit(), await submit('--allow', 'run-overlap=3')];
    expect(await here.run(['worker', '--until-idle'])).toMatchObject({ exitCode: 0 });
    expect(await here.json('status', second, '--json')).toMatchObject({ skipped: 3, unrecorded: 0 });
    const rows = await here.json('results', second, '--format', 'json');
    expect(rows).toMatchObject(
      Array(3).fill({ errorCode: null, errorMessage: expect.stringContaining(`rollback ${first}`) }),
    );
    expect(await here.run(['rollback', second, '--yes', '--work'])).toMatchObject({ exitCode: 0 });
    expect(here.groups()).toEqual(['new', 'new', 'new']);
  });

  test('can’t be put back when the plan is gone, which is said before anything is done', async () => {
    const here = await unrecorded();
    rmSync(join(here.dir, 'data', 'plans'), { recursive: true });
    const refused = await here.run(['rollback', here.runId, '--yes', '--work', '--include-unrecorded']);
    expect(refused).toMatchObject({ exitCode: 2 });
    expect(refused.stderr).toContain('is gone');
    expect(refused.stderr).toContain('--plan-dir');
    expect(here.groups()).toEqual(['new', 'new', 'new']);
  });
});
