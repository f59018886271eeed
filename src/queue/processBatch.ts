import type { BeforeImage } from '../runs/batchCodec.ts';
import { unsettled, type BatchRef, type RecordedRow, type RowRecord } from '../runs/batchRow.ts';
import type { BatchView } from '../runs/runStore.ts';
import { withAskedBefore } from './approvals.ts';
import { isOurs, type Edges, type Step } from './edges.ts';
import { TenantStopped } from './ledger.ts';
import { look, withChange, type ReadyRow } from './lookFirst.ts';
import { sortedForPatch, type NeededWrite } from './needed.ts';
import { pauseForSignIn, pauseRun, refusedSignIn } from './pauseRun.ts';
import { lostReads } from './permission.ts';
import { parted, sortedForAssign } from './wholeLists.ts';
import { narrowingFirst } from './withinPolicy.ts';
import { nextStep, writeRows } from './writeRows.ts';

/**
 * Takes one batch one step further. A first try, a throttled one, a crashed one and `retry` all come in here and do the
 * same: look, then write what is still needed. A change may thus be sent twice, which is harmless; losing one is not.
 * Rejects with the signal's reason when aborted while it waits; what is under way is never cut.
 */
export async function processBatch(ref: BatchRef, edges: Edges, signal: AbortSignal): Promise<Step> {
  const view = await edges.runs.batch(ref);
  if (view === undefined) return { kind: 'done' };
  const { run, rows } = view;
  // A paused run rests; one that was stopped for good still owes the truth about writes in doubt.
  const mayWrite = run.state === 'running';
  const isOver = run.state === 'cancelled' || run.state === 'aborted';
  if (!isOurs(run, edges) || !(mayWrite || isOver)) return { kind: 'stopped' };

  const open = unsettled(rows).filter(({ state }) => mayWrite || state === 'sent');
  if (open.length === 0) return { kind: 'done' };
  const at = edges.now();
  const ready = open.filter((row) => waitMsOf(row, at) === 0).map((row) => withChange(row, run));
  const waits = open.map((row) => waitMsOf(row, at)).filter((waitMs) => waitMs > 0);
  const nextMs = waits.length > 0 ? Math.min(...waits) : 0;
  if (ready.length === 0) return { kind: 'later', waitMs: nextMs };
  try {
    return await lookAndWrite(ref, view, { ready, nextMs }, edges, signal);
  } catch (error) {
    if (error instanceof TenantStopped) return { kind: 'stopped' };
    throw error;
  }
}

/** The rows that can be taken further now, and how long until the next of the others can (0: there are none). */
interface Due {
  readonly ready: readonly ReadyRow[];
  readonly nextMs: number;
}

async function lookAndWrite(
  ref: BatchRef,
  { run, rows, leaseMs }: BatchView,
  { ready, nextMs }: Due,
  edges: Edges,
  signal: AbortSignal,
): Promise<Step> {
  const { runs, ledger, now } = edges;
  const looks = await look(ready, run, edges, signal);
  if (looks.kind === 'signIn') return refusedSignIn(run, looks.asked, looks.error, edges, signal);
  if (looks.kind === 'refused') {
    const { why, remedy, refusedBy, status } = looks.unread;
    const hasRead = run.counts.succeeded + run.counts.skipped > 0;
    // Graph took the sign-in before, and may take it again: then the run goes on by itself.
    if (refusedBy === 'graph' && status === 403 && hasRead)
      return pauseForSignIn(run, `Graph refuses every read (${why})`, edges);
    return pauseRun(run, `${why}. ${remedy} Then \`retarget resume ${run.runId} --work\`.`, edges);
  }
  const lost = await lostReads(run, looks.byList, edges, signal);
  if (lost !== undefined) return pauseForSignIn(run, lost, edges);

  const terms = {
    ...{ mayWrite: run.state === 'running', isAborted: run.state === 'aborted' },
    ...{ isBeta: run.apiVersion === 'beta', windowMs: ledger.pace.windowMs, at: now() },
  };
  const { byPatch, byAssign } = parted(rows, ready, run);
  const patches = sortedForPatch(byPatch, looks.byList, terms);
  const ordered = narrowingFirst(rows, run, patches, terms.at);
  const wholeLists = sortedForAssign(byAssign, looks.byList, terms);
  const sorted = {
    records: [...ordered.records, ...wholeLists.records],
    needed: [...ordered.needed, ...wholeLists.needed],
  };
  const { records, needed } = await withAskedBefore(sorted, run, edges, signal);
  // While another worker's write may be on its way, what is there is there, but what is not may still come.
  const sure = leaseMs > 0 ? records.filter(({ state }) => isThere(state)) : records;
  const after = sure.length > 0 ? await runs.record(ref, asSeen(sure, rows), ledger.policy()) : undefined;
  if (after?.states.length === 0) return { kind: 'done' };
  if (needed.length === 0 || leaseMs > 0) {
    const unreadMs = [...looks.byList.values()].flatMap((list) =>
      list.kind === 'unread' ? [Math.max(ledger.pace.unreachedWaitMs, list.waitMs ?? 0)] : [],
    );
    // Rows that nothing was done for wait for others of their policy.
    const othersMs = sure.length === 0 ? nextMs : 0;
    const waitMs = Math.max(leaseMs, unreadMs.length > 0 ? Math.min(...unreadMs) : othersMs);
    const step = nextStep(after?.states ?? rows, after?.runState ?? run.state);
    return step.kind === 'again' && waitMs > 0 ? { kind: 'later', waitMs } : step;
  }

  const leave = await ledger.leave(ref, leaveRows(needed), signal);
  switch (leave.kind) {
    case 'late':
      return { kind: 'again' };
    case 'busy':
      return { kind: 'later', waitMs: leave.waitMs };
    case 'stopped':
      return { kind: 'stopped' };
    case 'granted':
      if (leave.places.length === 0) return { kind: 'again' };
      return writeRows(ref, run, leave, needed, edges, signal);
  }
}

/** What was looked at before another worker wrote it says nothing any more. */
const asSeen = (records: readonly RowRecord[], rows: readonly RecordedRow[]): RowRecord[] =>
  records.map((record) => ({ ...record, seen: rows[record.place] ?? record }));

const leaveRows = (needed: readonly NeededWrite[]) =>
  needed.flatMap(({ rows }, request) =>
    rows.map(({ row, before }) => ({
      ...{ place: row.place, state: row.state, attempts: row.attempts, request },
      ...(before !== undefined && !isSame(before, row.before) && { before }),
    })),
  );

/** What is in the record already need not be told again. */
const isSame = (a: BeforeImage, b: BeforeImage | undefined): boolean =>
  b !== undefined && JSON.stringify(a) === JSON.stringify(b);

const isThere = (state: RecordedRow['state']): boolean => state === 'succeeded' || state === 'skipped';

/** Worker clocks may differ by this much. One that is further behind was set back, and would wait for ever. */
const CLOCK_SKEW_MAX_MS = 60_000;

const waitMsOf = ({ detail: { notBefore = 0, at = 0 } }: RecordedRow, now: number): number =>
  now < at - CLOCK_SKEW_MAX_MS ? 0 : Math.max(0, notBefore - now);
