import { randomUUID } from 'node:crypto';
import { outcomeOf, type Outcome } from '../assignments/outcome.ts';
import { patchRequest } from '../assignments/request.ts';
import { UserError } from '../errors.ts';
import type { EnvelopeReply } from '../graph/graphClient.ts';
import { isSettled, type RowState } from '../runs/rowState.ts';
import type { Run } from '../runs/run.ts';
import type { BatchRef } from '../runs/batchRow.ts';
import type { Edges, Step } from './edges.ts';
import type { Leave } from './ledger.ts';
import type { NeededWrite } from './lookFirst.ts';
import { pauseRun, refusedSignIn } from './pauseRun.ts';
import { attemptsIn, holdOf, recordOf, recordOfRefused } from './rowRecord.ts';

/** Sends the rows that leave was given for, in one envelope, and records what became of each. What is sent is never cut. */
export async function writeRows(
  ref: BatchRef,
  run: Run,
  leave: Leave,
  needed: ReadonlyMap<number, NeededWrite>,
  edges: Edges,
  signal: AbortSignal,
): Promise<Step> {
  const { ledger, signIn } = edges;
  const writes = leave.places.flatMap((place) => needed.get(place) ?? []);
  const requests = writes.map(({ row, body }) => ({
    ...patchRequest(row.change, body),
    clientRequestId: randomUUID(),
  }));
  const validMs = leave.validForMs();
  if (validMs <= 0) {
    await ledger.giveBack(ref, leave);
    return { kind: 'again' };
  }
  const asked = signIn.asks('writes');
  let envelope: EnvelopeReply;
  try {
    envelope = await edges.graphOf(run.apiVersion).postBatch(requests, {
      deadlineMs: validMs,
      runId: run.runId,
    });
  } catch (error) {
    // There is no token, so nothing left: the rows are as before, and what is wrong is told where the job ends. Of any
    // other error nobody knows how far it came: the rows stay `sent`, and are looked at when their lease has ended.
    if (error instanceof UserError) await ledger.giveBack(ref, leave);
    throw error;
  }
  switch (envelope.kind) {
    case 'unreached':
      await ledger.giveBack(ref, leave);
      return { kind: 'later', waitMs: ledger.pace.unreachedWaitMs };
    case 'refused': {
      const { status, error } = envelope;
      await recordRefused(ref, leave, writes, envelope, edges);
      if (status === 429) return { kind: 'again' };
      if (status === 401) return refusedSignIn(run, asked, error, edges, signal);
      return pauseRun(
        run,
        `Graph refused a whole batch with ${status} ${error.code}: ${error.message}`,
        edges,
      );
    }
    case 'replies': {
      const outcomes = envelope.replies.map((reply, i) =>
        outcomeOf(reply, attemptsIn(leave, leave.places[i] ?? 0), ledger.pace.windowMs, edges.random),
      );
      const rows = writes.map(({ row }, i) => {
        const reply = envelope.replies[i];
        const traces = {
          clientRequestId: requests[i]?.clientRequestId,
          requestId: reply?.kind === 'answered' ? reply.requestId : envelope.requestId,
        };
        return recordOf(row, outcomes[i] ?? MISSING, leave, traces, edges.now());
      });
      const throttled = outcomes.filter((outcome) => outcome.kind === 'throttled');
      const { states, runState } = await ledger.record(ref, rows, leave, {
        answered: leave.places.length,
        accepted: outcomes.filter(({ kind }) => !NOT_LET_THROUGH.has(kind)).length,
        holdMs: holdOf(throttled.map(({ retryAfterMs }) => retryAfterMs)),
        throttled: throttled.length,
      });
      const refused = outcomes.find((outcome) => outcome.kind === 'signIn');
      if (refused) return refusedSignIn(run, asked, refused.error, edges, signal);
      if (outcomes.some(({ kind }) => kind !== 'lost')) signIn.worked(asked);
      return nextStep(states, runState);
    }
  }
}

/** The client answers every request; a gap would be its bug, and then too nobody knows. */
const MISSING: Outcome = { kind: 'lost', waitMs: 0, why: 'missing' };

/** What says nothing of how many writes the tenant takes, as it came to an end before its limit or nobody knows where. */
const NOT_LET_THROUGH: ReadonlySet<Outcome['kind']> = new Set(['throttled', 'signIn', 'lost']);

async function recordRefused(
  ref: BatchRef,
  leave: Leave,
  writes: readonly NeededWrite[],
  { status, retryAfterMs }: Extract<EnvelopeReply, { kind: 'refused' }>,
  { ledger, now }: Edges,
): Promise<void> {
  const at = now();
  const isThrottled = status === 429;
  const rows = writes.map(({ row }) => recordOfRefused(row, status, leave, at));
  await ledger.record(ref, rows, leave, {
    answered: leave.places.length,
    holdMs: isThrottled ? holdOf([retryAfterMs]) : 0,
    throttled: isThrottled ? writes.length : 0,
  });
}

/** From the record, not from one's own replies: leave may have been partial, and the run may have been stopped. */
export function nextStep(states: readonly RowState[], runState: Run['state']): Step {
  if (states.every(({ state }) => isSettled(state))) return { kind: 'done' };
  const isInDoubt = states.some(({ state }) => state === 'sent');
  const mayGoOn =
    runState === 'running' || (isInDoubt && (runState === 'cancelled' || runState === 'aborted'));
  return { kind: mayGoOn ? 'again' : 'stopped' };
}
