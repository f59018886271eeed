import { randomUUID } from 'node:crypto';
import type { BaseLogger } from 'pino';
import { changeFrom, type Change } from '../assignments/change.ts';
import { outcomeOf, replyLost, SENDS_MAX, type GraphError, type Outcome } from '../assignments/outcome.ts';
import { decide, type Look } from '../assignments/plan.ts';
import { listPath } from '../assignments/policyKinds.ts';
import { patchRequest } from '../assignments/request.ts';
import type { JsonObject } from '../assignments/json.ts';
import type { EnvelopeReply, GraphClient } from '../graph/graphClient.ts';
import { presentAssignments, type LookResult } from '../graph/presentAssignments.ts';
import { rowOf, type Detail } from '../runs/batchCodec.ts';
import { isSettled, type RowState } from '../runs/rowState.ts';
import type { Run } from '../runs/run.ts';
import {
  unsettled,
  type BatchRef,
  type BatchStates,
  type RecordedRow,
  type RowRecord,
  type RunStore,
} from '../runs/runStore.ts';
import type { Leave, Ledger } from './ledger.ts';
import { readsWithin } from './reads.ts';
import type { SignIn } from './signIn.ts';

export interface Edges {
  readonly runs: RunStore;
  readonly ledger: Ledger;
  readonly graph: GraphClient;
  readonly signIn: SignIn;
  readonly log: BaseLogger;
  /** Wall clock, ms since the epoch: for what is stored and shown. */
  readonly now: () => number;
  readonly random: () => number;
}

/** What the worker does with its job next. */
export type Step =
  /** Every row is settled. */
  | { readonly kind: 'done' }
  /** Rows are left that can be taken further at once. */
  | { readonly kind: 'again' }
  /** Rows are left that have to wait. */
  | { readonly kind: 'later'; readonly waitMs: number }
  /** The run is not at work: its rows stay as they are. */
  | { readonly kind: 'stopped' };

/**
 * Takes one batch one step further. A first try, a throttled one, a crashed one and `retry` all come in here and do the
 * same: look, then write what is still needed. A change may thus be sent twice, which is harmless; losing one is not.
 * Rejects with the signal's reason when aborted while it waits; what is under way is never cut.
 */
export async function processBatch(ref: BatchRef, edges: Edges, signal: AbortSignal): Promise<Step> {
  const { runs, ledger, now } = edges;
  const [run, recorded] = await Promise.all([runs.run(ref.runId), runs.batch(ref)]);
  if (run === undefined || recorded === undefined) return { kind: 'done' };
  const mayWrite = run.state === 'running';
  const open = unsettled(recorded).filter((row) => mayWrite || row.state === 'sent');
  if (open.length === 0) return { kind: mayWrite ? 'done' : 'stopped' };
  // A paused run rests; one that was stopped for good still owes the truth about writes in doubt.
  if (!mayWrite && run.state !== 'cancelled' && run.state !== 'aborted') return { kind: 'stopped' };

  const ready = open
    .filter(({ detail }) => (detail.notBefore ?? 0) <= now())
    .map((row) => withChange(row, run));
  if (ready.length === 0)
    return { kind: 'later', waitMs: Math.min(...open.map(({ detail }) => detail.notBefore ?? 0)) - now() };

  const looks = await look(ready, run, edges, signal);
  if (looks.kind === 'signIn') return refusedSignIn(run, looks.error, edges, signal);

  const { settled, needed } = sorted(ready, looks.byList, mayWrite, now());
  const states = settled.length > 0 ? await runs.record(ref, settled, ledger.policy()) : undefined;
  if (needed.size === 0) {
    const isUnread = [...looks.byList.values()].some(({ kind }) => kind === 'unread');
    return isUnread
      ? { kind: 'later', waitMs: ledger.pace.unreachedWaitMs }
      : nextStep(states?.states ?? recorded, mayWrite);
  }

  const leave = await ledger.leave(ref, [...needed.keys()], signal);
  switch (leave.kind) {
    case 'late':
      return { kind: 'again' };
    case 'busy':
      return { kind: 'later', waitMs: leave.waitMs };
    case 'stopped':
      return { kind: 'stopped' };
    case 'granted':
      if (leave.places.length === 0) return { kind: 'again' };
      return write(ref, run, leave, needed, edges, signal);
  }
}

interface ReadyRow extends RecordedRow {
  readonly change: Change;
}

interface NeededWrite {
  readonly row: ReadyRow;
  readonly body: JsonObject;
}

/** Only rows without a problem get into a record, so reading one again can't fail. */
function withChange(row: RecordedRow, run: Run): ReadyRow {
  const read = changeFrom(rowOf(row.input), {
    root: run.graphUrl,
    apiVersion: run.apiVersion,
    blind: run.blind,
  });
  if ('problems' in read)
    throw new Error(
      `line ${row.input.line} of run ${run.runId} does not read any more: ${read.problems[0]?.message}`,
    );
  return { ...row, change: read.change };
}

type Looks =
  | { readonly kind: 'looked'; readonly byList: ReadonlyMap<string, LookResult> }
  | { readonly kind: 'signIn'; readonly error: GraphError };

/** Reads the lists of all rows that need a look: in a blind run only of those whose write may have left. */
async function look(ready: readonly ReadyRow[], run: Run, edges: Edges, signal: AbortSignal): Promise<Looks> {
  const rows = run.blind ? ready.filter(({ attempts }) => attempts > 0) : ready;
  const byList = await presentAssignments(
    rows.map(({ change }) => change.address),
    readsWithin(edges, run.runId, signal),
    `${run.graphUrl}/${run.apiVersion}`,
  );
  const results = [...byList.values()];
  const refused = results.find((result) => result.kind === 'signIn');
  if (refused) return refused;
  if (results.length > 0) edges.signIn.worked();
  return { kind: 'looked', byList };
}

/** What the look makes of each row: settled, or still to be written. */
function sorted(
  ready: readonly ReadyRow[],
  byList: ReadonlyMap<string, LookResult>,
  mayWrite: boolean,
  at: number,
): { settled: RowRecord[]; needed: Map<number, NeededWrite> } {
  const settled: RowRecord[] = [];
  const needed = new Map<number, NeededWrite>();
  const settle = (row: ReadyRow, state: RowState['state'], detail: Detail): void => {
    const { throttledMs, requestId, clientRequestId } = row.detail;
    const kept = { throttledMs, requestId, clientRequestId };
    settled.push({
      place: row.place,
      state,
      attempts: row.attempts,
      detail: { ...onlySaid(kept), ...detail, at },
    });
  };
  for (const row of ready) {
    const seen: LookResult = byList.get(listPath(row.change.address)) ?? { kind: 'blind' };
    if (seen.kind === 'unread' || seen.kind === 'signIn') continue;
    const decision = decide(row.change, seen satisfies Look);
    const wasSent = row.attempts > 0;
    switch (decision.kind) {
      case 'alreadySo':
        settle(row, wasSent ? 'succeeded' : 'skipped', {});
        break;
      case 'refused':
        settle(row, 'failed', failure(decision.status, decision.error));
        break;
      case 'write': {
        const end = wasSent ? endOfSentRow(row) : undefined;
        if (end !== undefined) settle(row, 'failed', end);
        else if (!mayWrite) settle(row, 'cancelled', {});
        else needed.set(row.place, { row, body: decision.body });
      }
    }
  }
  return { settled, needed };
}

/** A row whose target is not there although it was sent: final when Graph said that it is gone, or when no send is left. */
function endOfSentRow({ attempts, detail }: ReadyRow): Detail | undefined {
  const { httpStatus, errorCode = '', errorMessage = '' } = detail;
  if (httpStatus === 404) return { httpStatus, errorCode, errorMessage };
  if (attempts >= SENDS_MAX) return failure(undefined, replyLost(attempts, errorMessage));
  return undefined;
}

async function write(
  ref: BatchRef,
  run: Run,
  leave: Leave,
  needed: ReadonlyMap<number, NeededWrite>,
  edges: Edges,
  signal: AbortSignal,
): Promise<Step> {
  const { runs, ledger, graph } = edges;
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
  let envelope: EnvelopeReply;
  try {
    envelope = await graph.postBatch(requests, { deadlineMs: validMs, runId: run.runId });
  } catch (error) {
    // Thrown before anything left, by the sign-in: the rows are as before, and what is wrong is told where the job ends.
    await ledger.giveBack(ref, leave);
    throw error;
  }
  switch (envelope.kind) {
    case 'unreached':
      edges.log.warn(
        { run: run.runId, code: envelope.error.code },
        `Graph out of reach: ${envelope.error.message}`,
      );
      await ledger.giveBack(ref, leave);
      return { kind: 'later', waitMs: ledger.pace.unreachedWaitMs };
    case 'refused':
      return refusedEnvelope(ref, run, leave, writes, envelope, edges, signal);
    case 'replies': {
      edges.signIn.worked();
      const outcomes = envelope.replies.map((reply, i) =>
        outcomeOf(reply, sendsOf(leave, writes[i]), ledger.pace.windowMs, edges.random),
      );
      const rows = writes.map(({ row }, i) => {
        const reply = envelope.replies[i];
        const traces = {
          clientRequestId: requests[i]?.clientRequestId,
          requestId: reply?.kind === 'answered' ? reply.requestId : envelope.requestId,
        };
        return recordOf(
          row,
          outcomes[i] ?? { kind: 'lost', waitMs: 0, why: 'missing' },
          leave,
          traces,
          edges.now(),
        );
      });
      const throttled = outcomes.filter(({ kind }) => kind === 'throttled').length;
      const settlement = { answered: leave.places.length, holdMs: holdOf(outcomes), throttled };
      const after = await runs.record(ref, rows, ledger.policy(), ledger.settlement(leave, settlement));
      const refused = outcomes.find((outcome) => outcome.kind === 'signIn');
      return refused ? refusedSignIn(run, refused.error, edges, signal) : afterWrite(after);
    }
  }
}

const sendsOf = (leave: Leave, write: NeededWrite | undefined): number =>
  leave.states[write?.row.place ?? 0]?.attempts ?? 1;

/** The longest wait that a 429 asked for; -1 when one asked without saying how long; 0 without a 429. */
export function holdOf(outcomes: readonly Outcome[]): number {
  const waits = outcomes.flatMap((outcome) => (outcome.kind === 'throttled' ? [outcome.retryAfterMs] : []));
  if (waits.length === 0) return 0;
  const named = waits.filter((wait) => wait !== undefined);
  return named.length > 0 ? Math.max(1, ...named) : -1;
}

function recordOf(row: ReadyRow, outcome: Outcome, leave: Leave, traces: MaybeDetail, at: number): RowRecord {
  const { place } = row;
  const attempts = leave.states[place]?.attempts ?? 1;
  const throttledMs = throttledUpTo(row, leave.givenAt);
  const said: Detail = { ...onlySaid({ ...traces, throttledMs: throttledMs || undefined }), at };
  switch (outcome.kind) {
    case 'succeeded':
      return { place, state: 'succeeded', attempts, detail: { ...said, httpStatus: outcome.httpStatus } };
    case 'failed':
      return {
        place,
        state: 'failed',
        attempts,
        detail: { ...said, ...failure(outcome.httpStatus, outcome.error) },
      };
    case 'again':
      // Not surely unapplied, so the next look decides first: the row stays `sent`.
      return {
        place,
        state: 'sent',
        attempts,
        detail: { ...said, ...failure(outcome.httpStatus, outcome.error), notBefore: at + outcome.waitMs },
      };
    case 'lost':
      return {
        place,
        state: 'sent',
        attempts,
        detail: {
          ...said,
          errorCode: 'ReplyLost',
          errorMessage: outcome.why,
          notBefore: at + outcome.waitMs,
        },
      };
    case 'missing':
      return { place, state: 'sent', attempts, detail: { ...said, ...failure(404, outcome.error) } };
    case 'throttled':
      return { ...asBefore(row, attempts), detail: { ...said, httpStatus: 429 } };
    case 'signIn':
      return { ...asBefore(row, attempts), detail: { ...said, ...failure(401, outcome.error) } };
  }
}

/** The send does not count: the row is as it was before its leave. */
const asBefore = ({ place }: ReadyRow, attempts: number): RowRecord =>
  attempts > 1 ? { place, state: 'sent', attempts: attempts - 1 } : { place, state: 'pending', attempts: 0 };

/** A row waited for the tenant from the 429 it was answered with until the leave after it. */
const throttledUpTo = ({ detail }: ReadyRow, givenAt: number): number =>
  (detail.throttledMs ?? 0) + (detail.httpStatus === 429 ? Math.max(0, givenAt - (detail.at ?? givenAt)) : 0);

const failure = (httpStatus: number | undefined, { code, message }: GraphError): Detail => ({
  ...onlySaid({ httpStatus }),
  errorCode: code,
  errorMessage: message,
});

type MaybeDetail = { readonly [field in keyof Detail]: Detail[field] | undefined };

const onlySaid = (detail: MaybeDetail): Detail =>
  Object.fromEntries(Object.entries(detail).filter(([, value]) => value !== undefined));

/** The whole envelope was refused: nothing of it was run, no row pays for it. */
async function refusedEnvelope(
  ref: BatchRef,
  run: Run,
  leave: Leave,
  writes: readonly NeededWrite[],
  { status, error, retryAfterMs }: Extract<EnvelopeReply, { kind: 'refused' }>,
  edges: Edges,
  signal: AbortSignal,
): Promise<Step> {
  const { runs, ledger } = edges;
  const isThrottled = status === 429;
  const at = edges.now();
  const rows = writes.map(({ row }): RowRecord => {
    const record = asBefore(row, leave.states[row.place]?.attempts ?? 1);
    const throttledMs = throttledUpTo(row, leave.givenAt);
    return isThrottled
      ? { ...record, detail: { ...onlySaid({ throttledMs: throttledMs || undefined }), httpStatus: 429, at } }
      : record;
  });
  const settlement = {
    answered: leave.places.length,
    holdMs: isThrottled ? Math.max(1, retryAfterMs ?? 0) * (retryAfterMs === undefined ? -1 : 1) : 0,
    throttled: isThrottled ? rows.length : 0,
  };
  await runs.record(ref, rows, ledger.policy(), ledger.settlement(leave, settlement));
  if (isThrottled) return { kind: 'again' };
  if (status === 401) return refusedSignIn(run, error, edges, signal);
  await pause(run, `Graph refused a whole batch with ${status} ${error.code}: ${error.message}`, edges);
  return { kind: 'stopped' };
}

async function refusedSignIn(run: Run, error: GraphError, edges: Edges, signal: AbortSignal): Promise<Step> {
  if (await edges.signIn.renewed(signal)) return { kind: 'again' };
  await pause(run, `sign-in: Graph refused the token (${error.code}: ${error.message})`, edges);
  return { kind: 'stopped' };
}

async function pause(run: Run, reason: string, { runs, log }: Edges): Promise<void> {
  log.error({ run: run.runId }, `Run paused. ${reason}`);
  await runs.transition(run.runId, 'paused', reason, ['running']);
}

function nextStep(states: readonly RowState[], mayWrite: boolean): Step {
  if (states.every(({ state }) => isSettled(state))) return { kind: 'done' };
  return mayWrite ? { kind: 'again' } : { kind: 'stopped' };
}

/** From the record, not from these replies: leave may have been partial. */
const afterWrite = ({ states, runState }: BatchStates): Step => nextStep(states, runState === 'running');
