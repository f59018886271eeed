import { describe, expect, test } from 'vitest';
import type { ApprovalDemand, KnownPerson, Submitter } from '../../src/runs/approval.ts';
import type { PermitAnswer } from '../../src/runs/permit.ts';
import { NOTHING_SENT } from '../../src/runs/permit.ts';
import { DEFAULT_OPTIONS, RECORD_FORMAT, type Run, type RunIdentity } from '../../src/runs/run.ts';
import type { Published, Reverts } from '../../src/runs/lua/publish.ts';
import { RunStore } from '../../src/runs/runStore.ts';
import { Staging } from '../../src/runs/staging.ts';
import { recordForTests, rowsOf, WIDE } from '../support/record.ts';
import { eachAlone, identityOf, pendingRows } from '../support/rows.ts';

const record = recordForTests();
const ROOT = identityOf().graphUrl;
const PLAN = 'a'.repeat(64);
const OTHER_PLAN = 'b'.repeat(64);
const ADA: KnownPerson = { oid: '00000000-0000-4000-8000-00000000000a', name: 'ada@example.com' };
const BOB: KnownPerson = { oid: '00000000-0000-4000-8000-00000000000b', name: 'bob@example.com' };
const BY_ADA: Submitter = { kind: 'person', ...ADA };
const BY_APP: Submitter = { kind: 'app', oid: '', name: 'app 1' };
const REQUIRED = { isRequired: true, isRollbackFree: false };
const BUT_ROLLBACK = { isRequired: true, isRollbackFree: true };
const LIFTED = { isRequired: false, isRollbackFree: false };

interface Made {
  readonly runId?: string;
  readonly plan?: string | null;
  readonly submitter?: Submitter;
  readonly identity?: Partial<RunIdentity>;
  readonly store?: RunStore;
  readonly reverts?: Reverts;
}

/** Publishes a run as a command does. */
async function publish(
  store: RunStore,
  { runId = 'r1', plan = PLAN, submitter = BY_ADA, identity = {}, reverts }: Made = {},
): Promise<Published> {
  const options = { ...DEFAULT_OPTIONS, ...identity.options };
  const staging = await Staging.begin(store, identityOf({ ...identity, runId, options }), Date.now());
  for (const row of rowsOf(60)) await staging.add({ input: row });
  return staging.publish({
    ...{ sha256: `sha-${runId}`, columns: [], leftOut: 0, again: true },
    ...{ planFingerprint: plan, submitter, ...(reverts && { reverts }) },
  });
}

const runOf = async (store: RunStore, runId = 'r1'): Promise<Run> =>
  (await store.run(runId)) ?? expect.fail('gone');

/** What a worker finds to do, and whether a write of it may leave. */
const worked = (store: RunStore): Promise<string[]> => store.runsToWorkOn(ROOT);
const asked = (store: RunStore, batch = 0, runId = 'r1'): Promise<PermitAnswer> =>
  store.permit({ runId, batch }, `token-${runId}-${batch}`, eachAlone(pendingRows(0)), WIDE);

/** A tenant that demands approval, with a run of Ada's. */
async function waiting(made: Made = {}): Promise<RunStore> {
  const store = made.store ?? record.store();
  await store.setApprovalRule(REQUIRED, ADA, 'CHG-1');
  expect(await publish(store, made)).toEqual({ kind: 'published' });
  return store;
}

const yes = (by: KnownPerson, fingerprint = PLAN) => ({ by, fingerprint, reason: 'looked at it' });

/** Nothing is found to do, nothing may leave, and the run says why. */
async function expectNothingLeaves(store: RunStore, runId = 'r1'): Promise<void> {
  expect(await worked(store)).toEqual([]);
  expect(await asked(store, 0, runId)).toMatchObject({ kind: 'stopped' });
  expect(await runOf(store, runId)).toMatchObject({ state: 'queued', reason: 'approval' });
}

async function expectItGoes(store: RunStore, runId = 'r1', batch = 0): Promise<void> {
  expect(await worked(store)).toEqual([runId]);
  expect(await asked(store, batch, runId)).toMatchObject({ kind: 'granted', requests: 1 });
}

describe('a run of a tenant that demands approval', () => {
  test('waits, says for whom and with which fingerprint, and goes when another person has approved it', async () => {
    const store = await waiting();
    await expectNothingLeaves(store);
    const { reasonText } = await runOf(store);
    expect(reasonText).toContain('somebody else than ada@example.com');
    expect(reasonText).toContain(`retarget approve r1 --fingerprint ${PLAN.slice(0, 32)} `);
    expect(await store.approve('r1', yes(BOB))).toEqual({ kind: 'done', state: 'queued' });
    expect(await runOf(store)).toMatchObject({ state: 'queued', reason: null });
    await expectItGoes(store);
    expect(await store.approve('r1', yes(BOB))).toEqual({ kind: 'already', state: 'running' });
    expect((await runOf(store)).approval).toMatchObject({
      ...{ oid: BOB.oid, fingerprint: PLAN, run: 'r1' },
    });
  });

  test('blocks nobody while it waits', async () => {
    const store = await waiting();
    await publish(store, { runId: 'r2' });
    await store.approve('r2', yes(BOB));
    await expectItGoes(store, 'r2');
    expect(await runOf(store)).toMatchObject({ state: 'queued', reason: 'approval' });
  });

  test('tells its log and its channels once that it waits', async () => {
    const options = { ...DEFAULT_OPTIONS, notify: ['ops'] };
    const store = await waiting({ identity: { options } });
    await worked(store);
    await worked(store);
    const told = await store.untoldEvents(10);
    expect(told.map(({ event }) => [event.type, event.data.reason, event.data.facts?.fingerprint])).toEqual([
      ['waitsForYes', 'approval', PLAN],
    ]);
    expect((await store.told('r1')).map(({ action, reason }) => [action, reason])).toEqual([
      ['rests', 'approval'],
    ]);
  });

  test.each([
    ['its maker', yes(ADA), 'samePerson'],
    ['its maker, in capitals', yes({ ...ADA, oid: ADA.oid.toUpperCase() }), 'samePerson'],
    ['nobody', yes({ oid: '', name: 'root@host' }), 'unknownSubmitter'],
    ['somebody who saw another plan', yes(BOB, OTHER_PLAN), 'otherPlan'],
    ['somebody who saw the beginning of its plan', yes(BOB, PLAN.slice(0, 32)), 'otherPlan'],
    ['somebody who saw none', yes(BOB, ''), 'otherPlan'],
  ])('is not approved by %s', async (_who, said, kind) => {
    const store = await waiting();
    expect(await store.approve('r1', said)).toMatchObject({ kind });
    await expectNothingLeaves(store);
  });

  test('that an app has submitted is approved by any person', async () => {
    const store = await waiting({ submitter: BY_APP });
    await store.approve('r1', yes(ADA));
    await expectItGoes(store);
  });

  test('is not published without a plan, nor when nobody knows who makes it', async () => {
    const store = record.store();
    await store.setApprovalRule(REQUIRED, ADA, 'CHG-1');
    const unknown: Submitter = { kind: 'unknown', oid: '', name: '' };
    const noOid: Submitter = { kind: 'person', oid: '', name: 'x' };
    expect(await publish(store, { plan: null })).toEqual({ kind: 'unapprovable', why: 'noPlan' });
    for (const submitter of [unknown, noOid])
      expect(await publish(store, { submitter })).toEqual({ kind: 'unapprovable', why: 'unknownSubmitter' });
    expect(await store.line()).toEqual([]);
  });

  test('is approved for itself: the yes to a run of the same plan is none to it, nor is that record copied', async () => {
    const store = await waiting();
    await publish(store, { runId: 'r2' });
    await store.approve('r1', yes(BOB));
    const { redis, keys } = { redis: record.redis, keys: store.keys };
    const kept = await redis.hget(keys.run('r1').header, 'approval');
    await redis.hset(keys.run('r2').header, 'approval', kept ?? '');
    await expectItGoes(store);
    expect(await asked(store, 0, 'r2')).toMatchObject({ kind: 'stopped' });
    await store.transition('r1', { to: 'paused', from: ['running'], reason: 'operator' });
    await expectNothingLeaves(store, 'r2');
  });

  test('that was at work already stops at the next permit', async () => {
    const store = record.store();
    await publish(store);
    await expectItGoes(store);
    await store.setApprovalRule(REQUIRED, ADA, 'CHG-1');
    expect(await asked(store, 1)).toMatchObject({ kind: 'stopped', state: 'approval' });
    expect(await runOf(store)).toMatchObject({ state: 'queued', reason: 'approval' });
    await store.approve('r1', yes(BOB));
    await expectItGoes(store, 'r1', 1);
  });

  test('waits on when the rule is lifted', async () => {
    const store = await waiting();
    await store.setApprovalRule(LIFTED, ADA, 'CHG-2');
    expect(await store.setApprovalRule(LIFTED, BOB, 'CHG-2')).toBe('set');
    await expectNothingLeaves(store);
    await publish(store, { runId: 'r2' });
    expect(await worked(store)).toEqual(['r2']);
  });

  test('still waits after pause and resume, and a resumed one that was approved goes on', async () => {
    const store = await waiting();
    await store.transition('r1', { to: 'paused', from: ['queued'], reason: 'operator' });
    await store.transition('r1', { to: 'queued', from: ['paused'] });
    await expectNothingLeaves(store);
    await store.transition('r1', { to: 'paused', from: ['queued'], reason: 'operator' });
    expect(await store.approve('r1', yes(BOB))).toEqual({ kind: 'done', state: 'paused' });
    expect(await worked(store)).toEqual([]);
    await store.transition('r1', { to: 'queued', from: ['paused'] });
    await expectItGoes(store);
  });

  test.each([
    ['its window', { windows: ['22:00-05:00'], timeZone: 'UTC' }],
    ['its beginning', { startAt: 5 }],
    ['its deadline', { deadlineAt: 4e12 }],
    ['its failure budget', { maxFailures: 'off' }],
    ['that it is urgent', { isUrgent: true }],
    ['how it writes', { strategy: 'assign' as const }],
    ['a limit of its own, away', { writesPerWindow: null }],
    ['a limit of its own, higher', { writesPerWindow: 51 }],
  ])('is approved on its terms: who changes %s needs another yes', async (_what, terms) => {
    const options = { ...DEFAULT_OPTIONS, writesPerWindow: 50 };
    const store = await waiting({ identity: { options } });
    await store.approve('r1', yes(BOB));
    await expectItGoes(store);
    await store.set('r1', terms);
    expect(await asked(store, 1)).toMatchObject({ kind: 'stopped', state: 'approval' });
    expect(await runOf(store)).toMatchObject({ state: 'queued', reason: 'approval' });
    await store.approve('r1', yes(BOB));
    expect(await runOf(store)).toMatchObject({ reason: null });
  });

  test('whose terms somebody changes waits at once, also while no worker is there, and goes when they are as before', async () => {
    const store = await waiting({ identity: { options: { ...DEFAULT_OPTIONS, notify: ['ops'] } } });
    await store.approve('r1', yes(BOB));
    await store.set('r1', { maxFailures: 'off' });
    expect(await runOf(store)).toMatchObject({ state: 'queued', reason: 'approval' });
    await store.set('r1', { maxFailures: DEFAULT_OPTIONS.maxFailures });
    expect(await runOf(store)).toMatchObject({ state: 'queued', reason: null });
    await store.setRevert('r1', 4e12);
    expect(await runOf(store)).toMatchObject({ state: 'queued', reason: 'approval' });
    expect(await store.approve('r1', yes(BOB))).toEqual({ kind: 'done', state: 'queued' });
    await expectItGoes(store);
  });

  test('is not kept waiting by whom it tells', async () => {
    const store = await waiting();
    await store.approve('r1', yes(BOB));
    await store.set('r1', { notify: ['ops'] });
    expect(await runOf(store)).toMatchObject({ state: 'queued', reason: null });
  });

  test('may be made slower by anybody', async () => {
    const store = await waiting();
    await store.approve('r1', yes(BOB));
    await store.set('r1', { writesPerWindow: 10 });
    await expectItGoes(store);
  });

  test('that comes to something else when it is planned anew has no approval any more', async () => {
    const store = await waiting();
    await store.approve('r1', yes(BOB));
    await store.transition('r1', { to: 'paused', from: ['queued'], reason: 'age', isOtherPlan: true });
    await store.transition('r1', { to: 'queued', from: ['paused'] });
    await expectNothingLeaves(store);
  });

  test('that was retried waits for the yes that its terms lack, and keeps the one that it has', async () => {
    const store = await waiting();
    await store.approve('r1', yes(BOB));
    await expectItGoes(store);
    const failed = [{ place: 0, state: 'failed', attempts: 1, errorCode: 'X', errorMessage: 'x' } as const];
    await store.record({ runId: 'r1', batch: 0 }, failed, WIDE, { ...NOTHING_SENT, token: 'token-r1-0' });
    await store.transition('r1', { to: 'cancelled', from: ['running'], reason: 'operator' });
    expect(await store.approve('r1', yes(BOB))).toMatchObject({ kind: 'ended' });
    const how = { from: ['cancelled'], open: 'failed' } as const;
    expect(await store.retry('r1', { ...how, strategy: 'assign' })).toMatchObject({ kind: 'done' });
    await expectNothingLeaves(store);
    await store.set('r1', { strategy: 'patch' });
    await expectItGoes(store, 'r1', 1);
  });
});

describe('what takes back a run', () => {
  /** A tenant that demands approval, with a run that has ended, and one that takes it back. */
  async function undoing(rule: typeof REQUIRED, options: Partial<RunIdentity['options']>): Promise<RunStore> {
    const store = record.store();
    await publish(store, { runId: 'done-1' });
    await store.transition('done-1', { to: 'cancelled', from: ['queued'], reason: 'operator' });
    await store.setApprovalRule(rule, ADA, 'CHG-1');
    const undo = { ...DEFAULT_OPTIONS, restores: true, revertOf: 'done-1', isPlainUndo: true, ...options };
    await publish(store, { identity: { options: undo } });
    return store;
  }

  test('waits as well', async () => {
    await expectNothingLeaves(await undoing(REQUIRED, {}));
  });

  test('goes without where the rule says so', async () => {
    await expectItGoes(await undoing(BUT_ROLLBACK, {}));
  });

  test.each([
    ['is forced', { isPlainUndo: false }],
    ['takes back a plan file', { revertOf: 'done-1.ndjson' }],
    ['takes back what is no run', { revertOf: 'nothing' }],
    ['names a part of a run', { revertOf: 'done-1:inputs' }],
  ])('does not, even there, when it %s', async (_what, options) => {
    await expectNothingLeaves(await undoing(BUT_ROLLBACK, options));
  });

  test('does not when that was a rollback: what it writes was taken back by somebody', async () => {
    const store = await undoing(BUT_ROLLBACK, {});
    const again = { ...DEFAULT_OPTIONS, restores: true, revertOf: 'r1', isPlainUndo: true };
    await publish(store, { runId: 'r2', identity: { options: again } });
    await store.transition('r1', { to: 'paused', from: ['queued'], reason: 'operator' });
    await expectNothingLeaves(store, 'r2');
  });
});

describe('what is taken back at its time', () => {
  /** A run that was approved to end at a time that has come, and the run that takes it back. */
  async function ended(rule: typeof REQUIRED): Promise<RunStore> {
    const store = record.store();
    await store.setApprovalRule(rule, ADA, 'CHG-1');
    const options = { ...DEFAULT_OPTIONS, revertAt: 5 };
    await publish(store, { runId: 'r0', identity: { options } });
    await store.approve('r0', yes(BOB));
    await store.transition('r0', { to: 'cancelled', from: ['queued'], reason: 'operator' });
    const undo = { ...DEFAULT_OPTIONS, restores: true, revertOf: 'r0', isPlainUndo: true };
    const { moves } = await runOf(store, 'r0');
    const reverts = { run: 'r0', rows: 60, left: 0, moves };
    expect(await publish(store, { identity: { options: undo }, reverts })).toEqual({ kind: 'published' });
    return store;
  }

  test('waits for a yes of its own, also where the run was approved with its end', async () => {
    await expectNothingLeaves(await ended(REQUIRED));
  });

  test('goes without where plain rollbacks are free', async () => {
    await expectItGoes(await ended(BUT_ROLLBACK));
  });
});

describe('the settings of a worker', () => {
  const demanding = (store: RunStore, approval: ApprovalDemand): RunStore =>
    new RunStore(record.redis, store.keys.prefix.replace(/^.*\{(.*)\}$/, '$1'), approval);

  test('demand approval whatever the record says, and other workers heed that from then on', async () => {
    const store = record.store();
    await publish(store);
    await expectItGoes(store);
    const strict = demanding(store, 'required');
    expect(await asked(strict, 1)).toMatchObject({ kind: 'stopped', state: 'approval' });
    // What had been sent is read, and nothing is written.
    expect(await worked(store)).toEqual(['r1']);
    expect(await asked(store, 1)).toMatchObject({ kind: 'stopped' });
    expect(await runOf(store)).toMatchObject({ state: 'queued', reason: 'approval' });
    await store.approve('r1', yes(BOB));
    await expectItGoes(strict, 'r1', 1);
  });

  test('may be stricter than the rule with what takes back a run, and as the rule', async () => {
    for (const [demand, goes] of [
      ['required', false],
      ['required-but-rollback', true],
      ['tenant', true],
    ] as const) {
      const store = demanding(record.store(), demand);
      await publish(store, { runId: 'done-1' });
      await store.transition('done-1', { to: 'cancelled', from: ['queued'], reason: 'operator' });
      await store.setApprovalRule(BUT_ROLLBACK, ADA, 'CHG-1');
      const options = { ...DEFAULT_OPTIONS, restores: true, revertOf: 'done-1', isPlainUndo: true };
      await publish(store, { identity: { options } });
      await (goes ? expectItGoes(store) : expectNothingLeaves(store));
    }
  });

  test('find nobody to tell apart in a run that was made without a sign-in: nobody can approve it', async () => {
    const store = record.store();
    await publish(store, { submitter: { kind: 'unknown', oid: '', name: '' } });
    const strict = demanding(store, 'required');
    await expectNothingLeaves(strict);
    expect(await store.approve('r1', yes(BOB))).toEqual({ kind: 'unknownSubmitter' });
  });
});

describe('the rule', () => {
  test('is made stricter by one person, and less strict by two', async () => {
    const store = record.store();
    expect(await store.approvalRule()).toBeUndefined();
    expect(await store.setApprovalRule(BUT_ROLLBACK, ADA, 'a')).toBe('set');
    expect(await store.setApprovalRule(REQUIRED, ADA, 'b')).toBe('set');
    expect(await store.setApprovalRule(REQUIRED, BOB, 'c')).toBe('same');
    for (const rule of [BUT_ROLLBACK, LIFTED]) {
      expect(await store.setApprovalRule(rule, ADA, 'd')).toBe('asked');
      expect(await store.setApprovalRule(rule, ADA, 'e')).toBe('asked');
      expect(await store.setApprovalRule(rule, { ...ADA, oid: ADA.oid.toUpperCase() }, 'e')).toBe('asked');
    }
    expect(await store.approvalRule()).toMatchObject({ isRequired: true, lowering: { by: ADA } });
    // Two who ask for different things have not asked for the same.
    expect(await store.setApprovalRule(BUT_ROLLBACK, BOB, 'f')).toBe('asked');
    expect(await store.setApprovalRule(LIFTED, ADA, 'g')).toBe('asked');
    expect(await store.setApprovalRule(LIFTED, BOB, 'h')).toBe('set');
    expect(await store.approvalRule()).toMatchObject({ isRequired: false, by: BOB, lowering: null });
  });

  test('is not lowered by what somebody has asked for long ago, or before it was confirmed', async () => {
    const store = record.store();
    await store.setApprovalRule(REQUIRED, ADA, 'a');
    await store.setApprovalRule(LIFTED, ADA, 'b');
    const kept = JSON.parse(
      (await record.redis.hget(store.keys.limiter, 'approvalLowering')) ?? '',
    ) as object;
    await record.redis.hset(
      store.keys.limiter,
      'approvalLowering',
      JSON.stringify({ ...kept, until: Date.now() - 1 }),
    );
    expect(await store.setApprovalRule(LIFTED, BOB, 'c')).toBe('asked');
    expect(await store.setApprovalRule(REQUIRED, ADA, 'd')).toBe('same');
    expect(await store.setApprovalRule(LIFTED, ADA, 'e')).toBe('asked');
    expect((await store.approvalRule())?.isRequired).toBe(true);
  });
});

test('a worker that knows nothing of approval leaves such runs alone: they are of another format', async () => {
  const store = await waiting();
  expect(RECORD_FORMAT).not.toBe('3');
  expect(await record.redis.hget(store.keys.run('r1').header, 'format')).toBe(RECORD_FORMAT);
});
