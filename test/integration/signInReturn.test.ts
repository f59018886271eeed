import { describe, expect, test } from 'vitest';
import { UserError } from '../../src/errors.ts';
import { CONFIGURATION } from '../../src/assignments/kinds/permissions.ts';
import type { WorkerDeps } from '../../src/worker/deps.ts';
import { SIGN_IN_RETRY_GROWTH_MAX } from '../../src/worker/limiter/pace.ts';
import { processBatch } from '../../src/worker/processBatch.ts';
import { pauseForSignIn } from '../../src/worker/pauseRun.ts';
import { SignIn } from '../../src/worker/workerSignIn.ts';
import { resumeWhenSignedIn, runsThatAwaitSignIn, SignInTries } from '../../src/worker/signInReturn.ts';
import type { SettingsChange } from '../../src/simulator/settings.ts';
import { world, type SimulatorState, type WorldOptions } from '../support/batchWorld.ts';
import { recordForTests } from '../support/record.ts';
import { groupRow } from '../support/rows.ts';
import { groupTarget } from '../support/simulatorClient.ts';
import { awaitsPermission, awaitsSignIn } from '../../src/runs/run.ts';

const record = recordForTests();
const NEVER = new AbortController().signal;
const ROWS = 100;
const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** Five batches of a policy each. */
const fiveBatches = (options: WorldOptions = {}): Promise<SimulatorState> =>
  world(record, {
    ...options,
    instead: {
      policies: numbers(5).map((policy) => ({
        ...{ id: `c${policy}`, type: 'deviceConfiguration' },
        assignments: numbers(20).map((i) => ({ id: `a${20 * policy + i}`, target: groupTarget('old') })),
      })),
      rows: numbers(ROWS).map((i) => groupRow(`c${Math.floor(i / 20)}`, `a${i}`, `new-${i}`)),
    },
  });

/** The first of them is written. */
async function begun(options: WorldOptions = {}): Promise<SimulatorState> {
  const each = await fiveBatches(options);
  await each.work();
  expect(await each.run()).toMatchObject({ state: 'running', counts: { succeeded: 20 } });
  return each;
}

/** Tries once whether the run may go on, and works on it as far as it goes. Answers whether it went on. */
async function tried(each: SimulatorState, deps: WorkerDeps = each.deps): Promise<boolean> {
  const resumed = await resumeWhenSignedIn(deps, NEVER);
  await each.drain(deps);
  return resumed.length > 0;
}

/** A worker whose token says this of itself. */
const withRole = (deps: WorkerDeps, role: () => string): WorkerDeps => ({
  ...deps,
  signIn: new SignIn({
    token: async () => 'token-1',
    renew: async () => true,
    claims: async () => ({ roles: [role()], scopes: [] }),
  }),
});

/** A run of one batch that stands still since Graph refuses the token. */
async function paused(options: WorldOptions = {}): Promise<SimulatorState> {
  const each = await world(record, options);
  each.graph.reconfigure({ tokens: ['another'] });
  expect((await each.work()).at(-1)).toEqual({ kind: 'stopped' });
  expect(awaitsSignIn(await each.run())).toBe(true);
  return each;
}

test('a run goes on as soon as a read is allowed again, with one read a try', async () => {
  const each = await paused();
  const { envelopes } = each.graph.stats();
  for (let tries = 0; tries < 3; tries += 1) expect(await resumeWhenSignedIn(each.deps, NEVER)).toEqual([]);
  expect(each.graph.stats().envelopes).toBe(envelopes + 3);
  expect(await each.run()).toMatchObject({ state: 'paused' });
  each.graph.reconfigure({ tokens: null });
  expect(await resumeWhenSignedIn(each.deps, NEVER)).toHaveLength(1);
  expect(await each.run()).toMatchObject({ state: 'queued', reason: null, reasonText: null });
  await each.runs.runsToWorkOn(each.graph.url);
  await each.work();
  expect(await each.run()).toMatchObject({ state: 'completed', counts: { succeeded: 20 } });
});

test('a new token is asked for at each try, and one that can not be had is no failure', async () => {
  let renewals = 0;
  const each = await paused({
    renew: () => {
      renewals += 1;
      if (renewals % 2 === 0)
        throw new UserError('The secret is wrong.', { remedy: 'Mend it.', exitCode: 4 });
      return false;
    },
  });
  const before = renewals;
  for (let tries = 0; tries < 4; tries += 1) expect(await resumeWhenSignedIn(each.deps, NEVER)).toEqual([]);
  expect(renewals).toBe(before + 4);
});

test.each([
  ['somebody paused', 'operator'],
  ['was paused for what Graph refused', 'refused'],
  ['was paused by a signal', 'interrupted'],
] as const)('a run that %s stays paused, and nothing is asked for it', async (_, reason) => {
  const each = await world(record);
  const { runId } = await each.run();
  await each.runs.transition(runId, {
    to: 'paused',
    from: ['running'],
    reason,
    reasonText: 'sign-in: said by somebody',
  });
  expect(await resumeWhenSignedIn(each.deps, NEVER)).toEqual([]);
  expect(await each.run()).toMatchObject({ state: 'paused', reason });
  expect(each.graph.stats().envelopes).toBe(0);
});

test('runs of another Graph are left to the workers of that', async () => {
  const each = await paused();
  each.graph.reconfigure({ tokens: null });
  const elsewhere = { ...each.deps, graphUrl: 'https://graph.example' };
  expect(await runsThatAwaitSignIn(elsewhere)).toEqual([]);
  expect(await resumeWhenSignedIn(elsewhere, NEVER)).toEqual([]);
  expect(await runsThatAwaitSignIn(each.deps)).toHaveLength(1);
});

test('no secret gets into the reason that is stored', async () => {
  const each = await world(record);
  const deps = { ...each.deps, redacted: (text: string) => text.replaceAll('hush', '[redacted]') };
  await pauseForSignIn(await each.run(), 'the secret hush is wrong', deps);
  expect((await each.run()).reasonText).toBe('sign-in: the secret [redacted] is wrong');
});

describe('a token that is refused now and then', () => {
  test.each([
    ['stays what it is', false],
    ['is renewed', true],
  ])('and %s costs no row and no pause', async (_, isNew) => {
    // The first read, and the first write after it.
    const script = [1, 3].map((envelope) => ({ envelope, fault: 'unauthorized' as const }));
    const each = await world(record, { graph: { script }, renew: () => isNew });
    await each.work();
    expect(await each.run()).toMatchObject({ state: 'completed', counts: { succeeded: 20 } });
    const { faults, requests } = each.graph.stats();
    expect(faults).toEqual({ unauthorized: 2 });
    expect(requests).toEqual({ GET: 2, PATCH: 20 });
  });

  test('is no growing distance: it is the usual one again as soon as writes went through', () => {
    const tries = new SignInTries();
    const stood = (succeeded: number) => [{ runId: 'r1', counts: { ...COUNTS, succeeded } }];
    const distances = [0, 20, 40, 60].map((succeeded) => {
      tries.made(stood(succeeded));
      return tries.distance;
    });
    expect(distances).toEqual([1, 1, 1, 1]);
  });
});

const COUNTS = {
  ...{ pending: 0, succeeded: 0, skipped: 0, failed: 0 },
  ...{ stale: 0, awaitingApproval: 0, unsure: 0, cancelled: 0 },
};

test('tries that bring nothing grow rarer, up to a limit, and a run that needs none ends that', () => {
  const tries = new SignInTries();
  const stood = [{ runId: 'r1', counts: COUNTS }];
  const distances = numbers(7).map(() => {
    tries.made(stood);
    return tries.distance;
  });
  expect(distances).toEqual([1, 2, 4, 8, 16, 16, 16]);
  expect(SIGN_IN_RETRY_GROWTH_MAX).toBe(16);
  tries.made([]);
  expect(tries.distance).toBe(1);
});

describe('in mid-run', () => {
  test.each<[string, SettingsChange, SettingsChange]>([
    ['the secret expires', { tokens: ['another'] }, { tokens: null }],
    ['the role is removed and nothing may be read', { access: 'none' }, { access: 'write' }],
    ['the role is removed and reads are still allowed', { access: 'read' }, { access: 'write' }],
  ])(
    '%s: the run pauses, goes on by itself when all is well again, and no row has failed',
    async (_, lost, mended) => {
      const each = await begun();
      each.graph.reconfigure(lost);
      await each.drain();
      expect(awaitsSignIn(await each.run())).toBe(true);
      expect(await each.run()).toMatchObject({ sent: 0, counts: { succeeded: 20, failed: 0, pending: 80 } });
      each.graph.reconfigure(mended);
      expect(await tried(each)).toBe(true);
      expect(await each.run()).toMatchObject({ state: 'completed', counts: { succeeded: ROWS, failed: 0 } });
      expect(each.graph.stats().writesDone).toBe(ROWS);
    },
  );

  test('without any role, tries cost a read each and no row, however many they are', async () => {
    const each = await begun();
    each.graph.reconfigure({ access: 'none' });
    await each.drain();
    const { requests } = each.graph.stats();
    for (let tries = 0; tries < 5; tries += 1) expect(await tried(each)).toBe(false);
    const after = each.graph.stats().requests;
    expect([after['GET'], after['PATCH']]).toEqual([(requests['GET'] ?? 0) + 5, requests['PATCH']]);
    expect((await each.run()).counts).toMatchObject({ failed: 0, pending: 80 });
  });

  test('a token that says it may not write is not tried, and the one that may is', async () => {
    const each = await begun();
    let role = CONFIGURATION.read;
    const deps = withRole(each.deps, () => role);
    each.graph.reconfigure({ access: 'read' });
    await each.drain(deps);
    expect(awaitsPermission(await each.run())).toBe(true);
    const { writesArrived } = each.graph.stats();
    for (let tries = 0; tries < 5; tries += 1) expect(await tried(each, deps)).toBe(false);
    expect(each.graph.stats().writesArrived).toBe(writesArrived);
    role = CONFIGURATION.write.name;
    each.graph.reconfigure({ access: 'write' });
    expect(await tried(each, deps)).toBe(true);
    expect(await each.run()).toMatchObject({ state: 'completed', counts: { succeeded: ROWS, failed: 0 } });
  });

  test('where the token does not tell, a try costs one batch, however many are under way, and the rest goes on', async () => {
    const each = await begun({ run: { maxFailures: 'off' }, graph: { latencyMs: 20 } });
    const workers = [1, 2, 3, 4].map((batch) => ({ batch, deps: each.anotherWorker() }));
    const allAtOnce = () =>
      Promise.all(workers.map(({ batch, deps }) => processBatch({ runId: 'r1', batch }, deps, NEVER)));
    each.graph.reconfigure({ access: 'read' });
    await allAtOnce();
    for (const failed of [0, 20, 40]) {
      expect(await each.run()).toMatchObject({ state: 'paused', sent: 0, counts: { failed } });
      expect(await resumeWhenSignedIn(each.deps, NEVER)).toHaveLength(1);
      await each.runs.runsToWorkOn(each.graph.url);
      await allAtOnce();
    }
    each.graph.reconfigure({ access: 'write' });
    await tried(each);
    expect(await each.run()).toMatchObject({ state: 'completed', counts: { succeeded: 40, failed: 60 } });
  });

  test('a try that paid does not abort the run when it goes on', async () => {
    const each = await begun();
    each.graph.reconfigure({ access: 'read' });
    await each.drain();
    expect(await tried(each)).toBe(true);
    expect(await each.run()).toMatchObject({ state: 'paused', counts: { failed: 20 } });
    // What is recorded first is that this row is so already.
    each.graph.edit([
      {
        ...{ do: 'change', type: 'deviceConfiguration', policyId: 'c2', assignmentId: 'a40' },
        target: groupTarget('new-40'),
      },
    ]);
    each.graph.reconfigure({ access: 'write' });
    await tried(each);
    expect(await each.run()).toMatchObject({
      state: 'completed',
      counts: { succeeded: 79, skipped: 1, failed: 20 },
    });
  });

  test.each([
    ['one policy', ['c1']],
    ['the last policy', ['c4']],
    ['two policies', ['c1', 'c3']],
    ['all the rest', ['c1', 'c2', 'c3', 'c4']],
  ])(
    '%s that truly is forbidden fails, and the run comes to its end by a worker alone',
    async (_, forbidden) => {
      const each = await begun({ run: { maxFailures: 'off' } });
      each.graph.reconfigure({ forbidden });
      await each.drain();
      let tries = 0;
      for (; tries < 10 && (await each.run()).state === 'paused'; tries += 1) await tried(each);
      const failed = 20 * forbidden.length;
      expect(await each.run()).toMatchObject({
        state: 'completed',
        counts: { succeeded: ROWS - failed, failed },
      });
      expect(tries).toBeLessThanOrEqual(2 * forbidden.length);
    },
  );

  test('of several runs that wait for the permission one tries', async () => {
    const each = await begun();
    each.graph.reconfigure({ access: 'read' });
    await each.drain();
    const { runId, reason, reasonText } = await each.run();
    const others = ['other-1', 'other-2'].map((id) => each.runs.keys.run(id).header);
    const header = await record.redis.hgetall(each.runs.keys.run(runId).header);
    for (const [i, key] of others.entries()) {
      await record.redis.hset(key, header);
      await record.redis.zadd(each.runs.keys.runs, Date.now() / 1000 + i, `other-${i + 1}`);
    }
    expect(reason).toBe('permission');
    expect(reasonText).toMatch(/^sign-in: Graph refuses every write with 403 \(Forbidden: /);
    expect(await runsThatAwaitSignIn(each.deps)).toHaveLength(3);
    expect(await resumeWhenSignedIn(each.deps, NEVER)).toHaveLength(1);
    expect(await runsThatAwaitSignIn(each.deps)).toHaveLength(2);
  });
});

test.each(['PATCH', 'GET'] as const)(
  'an envelope of %s that is refused with 403 in mid-run costs no row, and the run goes on by itself',
  async (method) => {
    const each = await begun();
    let isForbidden = true;
    const error = { code: 'Forbidden', message: 'Blocked by policy.' };
    const deps: WorkerDeps = {
      ...each.deps,
      graphOf: (version) => ({
        ...each.deps.graphOf(version),
        postBatch: async (requests, given) =>
          isForbidden && requests[0]?.method === method
            ? { kind: 'refused', status: 403, error, retryAfterMs: undefined, requestId: undefined }
            : each.deps.graphOf(version).postBatch(requests, given),
      }),
    };
    await each.drain(deps);
    expect(awaitsSignIn(await each.run())).toBe(true);
    expect((await each.run()).counts).toMatchObject({ failed: 0, pending: 80 });
    isForbidden = false;
    expect(await tried(each, deps)).toBe(true);
    expect(await each.run()).toMatchObject({ state: 'completed', counts: { succeeded: ROWS, failed: 0 } });
  },
);

test('a first batch that is refused as a whole stops the run', async () => {
  const each = await fiveBatches({ graph: { access: 'read' } });
  await each.drain();
  expect(await each.run()).toMatchObject({ state: 'aborted', counts: { failed: 20 } });
});
