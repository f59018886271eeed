import { unsettled, type BatchRef, type RecordedRow } from '../runs/batchRow.ts';
import { isOurs, type Edges, type Step } from './edges.ts';
import { look, sorted, withChange } from './lookFirst.ts';
import { refusedSignIn } from './pauseRun.ts';
import { nextStep, writeRows } from './writeRows.ts';

/**
 * Takes one batch one step further. A first try, a throttled one, a crashed one and `retry` all come in here and do the
 * same: look, then write what is still needed. A change may thus be sent twice, which is harmless; losing one is not.
 * Rejects with the signal's reason when aborted while it waits; what is under way is never cut.
 */
export async function processBatch(ref: BatchRef, edges: Edges, signal: AbortSignal): Promise<Step> {
  const { runs, ledger, now } = edges;
  // In this order: a lease that ended before it is read ended with a record that the look comes after.
  const [run, recorded, leaseMs] = await Promise.all([
    runs.run(ref.runId),
    runs.batch(ref),
    runs.leaseMs(ref),
  ]);
  if (run === undefined) return { kind: 'done' };
  if (recorded === undefined) throw new Error(`batch ${ref.batch} of run ${ref.runId} is gone from Redis`);
  // A paused run rests; one that was stopped for good still owes the truth about writes in doubt.
  const mayWrite = run.state === 'running';
  const isOver = run.state === 'cancelled' || run.state === 'aborted';
  if (!isOurs(run, edges) || !(mayWrite || isOver)) return { kind: 'stopped' };

  const open = unsettled(recorded).filter(({ state }) => mayWrite || state === 'sent');
  if (open.length === 0) return { kind: 'done' };
  const at = now();
  const ready = open.filter((row) => waitMsOf(row, at) === 0).map((row) => withChange(row, run));
  if (ready.length === 0) return { kind: 'later', waitMs: Math.min(...open.map((row) => waitMsOf(row, at))) };

  const looks = await look(ready, run, edges, signal);
  if (looks.kind === 'signIn') return refusedSignIn(run, looks.asked, looks.error, edges, signal);

  const { settled, needed } = sorted(ready, looks.byList, mayWrite, now());
  // While another worker's write may be on its way, what is there is there, but what is not may still come.
  const sure = leaseMs > 0 ? settled.filter(({ state }) => isThere(state)) : settled;
  const after = sure.length > 0 ? await runs.record(ref, sure, ledger.policy()) : undefined;
  if (after?.states.length === 0) return { kind: 'done' };
  if (needed.size === 0 || leaseMs > 0) {
    const isUnread = [...looks.byList.values()].some(({ kind }) => kind === 'unread');
    const waitMs = Math.max(leaseMs, isUnread ? ledger.pace.unreachedWaitMs : 0);
    const step = nextStep(after?.states ?? recorded, after?.runState ?? run.state);
    return step.kind === 'again' && waitMs > 0 ? { kind: 'later', waitMs } : step;
  }

  const leave = await ledger.leave(
    ref,
    [...needed.values()].map(({ row }) => row),
    signal,
  );
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

const isThere = (state: RecordedRow['state']): boolean => state === 'succeeded' || state === 'skipped';

/** Worker clocks may differ by this much. One that is further behind was set back, and would wait for ever. */
const CLOCK_SKEW_MAX_MS = 60_000;

const waitMsOf = ({ detail: { notBefore = 0, at = 0 } }: RecordedRow, now: number): number =>
  now < at - CLOCK_SKEW_MAX_MS ? 0 : Math.max(0, notBefore - now);
