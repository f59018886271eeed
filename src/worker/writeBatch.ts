import { backoffOf } from './limiter/backoff.ts';
import { type Permit, asBefore, attemptsIn } from './limiter/permit.ts';
import { randomUUID } from 'node:crypto';
import { isJsonObject } from '../assignments/values/json.ts';
import type { WriteVia } from '../assignments/changes/decision.ts';
import {
  outcomeOf,
  type GraphError,
  type Outcome,
  type WriteOutcome,
} from '../assignments/changes/outcome.ts';
import { UserError } from '../errors.ts';
import type { EnvelopeReply } from '../graph/client/graphClient.ts';
import type { RowUpdate } from '../runs/batchRow.ts';
import { isInDoubt, isSettled, type RowState } from '../runs/rowState.ts';
import type { Run } from '../runs/run.ts';
import { approvalHeaders, asAsked, codeOf } from './findApprovals.ts';
import type { BatchAtWork, Step } from './deps.ts';
import type { NeededWrite } from './needed.ts';
import { abortForRoute, pauseForPermission, pauseAtWork, refusedSignIn } from './pauseRun.ts';
import { refusedWrites } from './writeRefusal.ts';
import { writtenLists, type ReadLists } from './writtenLists.ts';
import { halfDoneError } from './halfDone.ts';
import { failure, mayLand, recordOf, recordOfRefused, type Traces } from './rowUpdate.ts';

type Refused = Extract<EnvelopeReply, { kind: 'refused' }>;

/** Sends the requests that permit was given for, in one envelope, and records what became of each row. What is sent is never cut. */
export async function writeBatch(
  batch: BatchAtWork,
  permit: Permit,
  needed: readonly NeededWrite[],
  lists: ReadLists,
): Promise<Step> {
  const { ref, run, deps, signal } = batch;
  const { runs, limiter, signIn } = deps;
  const writes = permittedWrites(permit, needed);
  const validMs = permit.validForMs();
  if (writes === undefined || validMs <= 0) {
    await limiter.giveBack(ref, permit);
    return { kind: 'again' };
  }
  const requests = writes.map((write) => ({
    ...write.request,
    headers: approvalHeaders(run, write),
    clientRequestId: randomUUID(),
  }));
  const asked = signIn.asks('writes');
  let envelope: EnvelopeReply;
  try {
    envelope = await deps.graphOf(run.apiVersion).postBatch(requests, {
      deadlineMs: validMs,
      runId: run.runId,
    });
  } catch (error) {
    // There is no token, so nothing left: the rows are as before, and what is wrong is told where the job ends. Of any
    // other error nobody knows how far it came: the rows stay `sent`, and are looked at when their lease has ended.
    if (error instanceof UserError) await limiter.giveBack(ref, permit);
    throw error;
  }
  const answeredAt = performance.now();
  const told = (outcome: WriteOutcome): void => void deps.events.emit('written', limiter.family, outcome);
  switch (envelope.kind) {
    case 'unreached':
      await limiter.giveBack(ref, permit);
      return { kind: 'later', waitMs: limiter.pace.unreachedWaitMs };
    case 'refused': {
      const { status, error } = envelope;
      for (const _write of writes) told(outcomeOfRefused(status));
      await recordRefused(batch, permit, writes, envelope, answeredAt);
      if (status === 429) return { kind: 'again' };
      if (status === 401) return refusedSignIn(run, asked, error, deps, signal);
      if (status === 403 && run.counts.succeeded > 0)
        return (await pauseForPermission(run, error, deps)).step;
      return pauseAtWork(
        run,
        'refused',
        `Graph refused a whole batch with ${status} ${error.code}: ${error.message}`,
        deps,
      );
    }
    case 'replies': {
      const answered = writes.map((write, i) => {
        const sent = {
          ...{ write, reply: envelope.replies[i] },
          ...{ requestId: envelope.requestId, clientRequestId: requests[i]?.clientRequestId },
        };
        return answeredWrite(batch, permit, sent);
      });
      const lost = lostPermission(run, answered);
      const refusal = lost && (await refusedWrites(run, lost, answered.some(wasForbiddenBefore), deps));
      const accepted = writes.filter((_, i) => answered[i]?.outcome.kind === 'succeeded');
      // Before the rows are recorded: nobody takes up the policy again without knowing.
      const written = writtenLists(accepted, lists, run.runId);
      await runs.keepLastWrites(run.graphUrl, limiter.pace.windowMs, written);
      const isUnpaid = refusal?.rowsPay === false;
      const { states, runState } = await recordReplies(batch, permit, answered, { answeredAt, isUnpaid });
      const outcomes = answered.map(({ outcome }) => outcome);
      for (const { kind } of outcomes) told(kind);
      const refused = outcomes.find((outcome) => outcome.kind === 'signIn');
      if (refused) return refusedSignIn(run, asked, refused.error, deps, signal);
      if (refusal?.step !== undefined) return refusal.step;
      for (const { outcome, via } of answered)
        if (outcome.kind === 'routeRefused')
          return abortForRoute(run, refusedRoute(run, via, outcome.error.code), deps);
      if (outcomes.some(({ kind }) => kind !== 'lost')) signIn.worked(asked);
      if (outcomes.some(({ kind }) => kind === 'succeeded')) signIn.wrote(asked);
      return nextStep(states, runState);
    }
  }
}

const outcomeOfRefused = (status: number): WriteOutcome =>
  status === 429 ? 'throttled' : status === 401 ? 'signIn' : 'refused';

const refusedRoute = ({ runId, apiVersion, blind }: Run, via: WriteVia, code: string): string =>
  via === 'post' || via === 'delete'
    ? `the tenant does not take writes of this kind, ${via} (${code}), and there is no other way`
    : via === 'patch' && apiVersion === 'beta' && !blind
      ? `the tenant does not take PATCH on assignments (${code}): \`retarget resume ${runId} --strategy assign --work\` goes on by writing whole lists`
      : `the tenant does not take writes of this kind, ${via} (${code}); whole lists are written with --strategy assign, in beta and with a read`;

/** The requests of a permit; undefined when one of them has lost a row to other hands since, and would say too much. */
function permittedWrites(
  { requests, places }: Permit,
  needed: readonly NeededWrite[],
): readonly NeededWrite[] | undefined {
  const granted = new Set(places);
  const writes = needed.filter(({ decisions }) => decisions.some(({ row }) => granted.has(row.place)));
  const isWhole = writes.every(({ decisions }) => decisions.every(({ row }) => granted.has(row.place)));
  return isWhole && writes.length === requests ? writes : undefined;
}

interface Answered {
  readonly decisions: NeededWrite['decisions'];
  readonly outcome: Outcome;
  readonly traces: Traces;
  readonly readsBack: boolean;
  readonly isUnfinished: boolean;
  readonly via: WriteVia;
}

/** Whole lists are read back always, as what is missing from one is unassigned, and what comes or goes by itself; the rows of a canary, to be judged. */
const readsBack = ({ options }: Run, { method }: NeededWrite['request']): boolean =>
  options.verify || options.canary !== null || method !== 'PATCH';

/** A write, and what came back for it; `requestId` is that of its envelope. */
interface Sent {
  readonly write: NeededWrite;
  readonly reply: Extract<EnvelopeReply, { kind: 'replies' }>['replies'][number] | undefined;
  readonly requestId: string | undefined;
  readonly clientRequestId: string | undefined;
}

function answeredWrite(
  { run, deps: { limiter, random } }: BatchAtWork,
  permit: Permit,
  { write, reply, requestId: ofEnvelope, clientRequestId }: Sent,
): Answered {
  const { request, decisions } = write;
  const sends = Math.max(...decisions.map(({ row }) => attemptsIn(permit, row.place)));
  const [{ via = 'patch', halfDone, isUnfinished = false } = {}] = decisions;
  const told =
    reply === undefined
      ? MISSING
      : asAsked(outcomeOf(reply, sends, limiter.pace.windowMs, random), run, write);
  const outcome =
    halfDone && told.kind === 'failed' ? { ...told, error: halfDoneError(halfDone, told.error) } : told;
  const isAnswered = reply?.kind === 'answered';
  const requestId = isAnswered ? reply.requestId : ofEnvelope;
  const idAfter = isAnswered && via !== 'assign' ? otherId(reply.body, decisions[0]) : undefined;
  return {
    decisions,
    outcome,
    traces: { clientRequestId, requestId, idAfter },
    readsBack: readsBack(run, request),
    ...{ isUnfinished, via },
  };
}

/** A tenant may give an assignment another id when its target changes, and shows it in the reply. */
function otherId(body: unknown, written: NeededWrite['decisions'][number] | undefined): string | undefined {
  const id = isJsonObject(body) ? body['id'] : undefined;
  const before = written?.row.change.address.assignmentId.toLowerCase();
  return typeof id === 'string' && id.toLowerCase() !== before ? id : undefined;
}

/** Fewer replies say nothing about the sign-in: those rows may be the ones that it may not write. */
const FORBIDDEN_REPLIES_MIN = 5;

/** What tells that the permission to write may be lost: after writes that went through, every reply of a batch is a 403. */
function lostPermission(run: Run, answered: readonly Answered[]): GraphError | undefined {
  if (run.counts.succeeded === 0 || answered.length < FORBIDDEN_REPLIES_MIN) return undefined;
  const [outcome] = answered.every(isForbidden) ? answered.map((each) => each.outcome) : [];
  return outcome?.kind === 'failed' ? outcome.error : undefined;
}

const wasForbiddenBefore = ({ decisions }: Answered): boolean =>
  decisions.some(({ row }) => row.detail.httpStatus === 403);

/** With a code, a 403 is about that approval. */
const isForbidden = ({ outcome, decisions }: Answered): boolean =>
  outcome.kind === 'failed' && outcome.httpStatus === 403 && codeOf({ decisions }) === undefined;

/** The client answers every request; a gap would be its bug, and then too nobody knows. */
const MISSING: Outcome = { kind: 'lost', waitMs: 0, why: 'missing' };

/** What says nothing of how many writes the tenant takes, as it came to an end before its limit or nobody knows where. */
const NOT_LET_THROUGH: ReadonlySet<Outcome['kind']> = new Set(['throttled', 'signIn', 'lost']);

/** After these the run is stopped, or at least the sign-in tried anew: nothing says yet that other batches may go. */
const STOPS_RUN: ReadonlySet<Outcome['kind']> = new Set(['signIn', 'routeRefused']);

function recordReplies(
  { ref, deps: { limiter, now } }: BatchAtWork,
  permit: Permit,
  answered: readonly Answered[],
  { answeredAt, isUnpaid }: { readonly answeredAt: number; readonly isUnpaid: boolean },
) {
  const at = now();
  const records = answered.flatMap(({ decisions, outcome, traces, ...more }) =>
    decisions.map(({ row }): RowUpdate => {
      const terms = { at, ...more };
      if (isUnpaid && outcome.kind === 'failed') {
        const detail = { at, ...failure(403, outcome.error) };
        return { ...asBefore(row.place, attemptsIn(permit, row.place)), detail };
      }
      return recordOf(row, outcome, permit, traces, terms);
    }),
  );
  const throttled = answered.flatMap(({ outcome, decisions }) =>
    outcome.kind === 'throttled' ? decisions.map(() => outcome.retryAfterMs) : [],
  );
  return limiter.settlePermit(ref, records, permit, {
    ...{ answeredAt, answered: permit.requests },
    accepted: answered.filter(({ outcome }) => !NOT_LET_THROUGH.has(outcome.kind)).length,
    backoffMs: backoffOf(throttled),
    throttled: throttled.length,
    mayLand: answered.flatMap(({ outcome, decisions }) =>
      mayLand(outcome) ? decisions.map(({ row }) => row.place) : [],
    ),
    isStopping: answered.some(({ outcome }) => STOPS_RUN.has(outcome.kind)),
    allForbidden: !isUnpaid && answered.length >= FORBIDDEN_REPLIES_MIN && answered.every(isForbidden),
  });
}

async function recordRefused(
  { ref, deps: { limiter, now } }: BatchAtWork,
  permit: Permit,
  writes: readonly NeededWrite[],
  { status, retryAfterMs }: Refused,
  answeredAt: number,
): Promise<void> {
  const at = now();
  const isThrottled = status === 429;
  const backoffMs = isThrottled ? backoffOf([retryAfterMs]) : 0;
  const rows = writes.flatMap((write) =>
    write.decisions.map(({ row }) => recordOfRefused(row, status, permit, at)),
  );
  await limiter.settlePermit(ref, rows, permit, {
    ...{ answeredAt, answered: permit.requests },
    backoffMs,
    throttled: isThrottled ? rows.length : 0,
    isStopping: !isThrottled,
  });
  if (isThrottled) await limiter.backOffOthers(backoffMs);
}

/** From the record, not from one's own replies: the permit may have been partial, and the run may have been stopped. */
export function nextStep(states: readonly RowState[], runState: Run['state']): Step {
  if (states.every(({ state }) => isSettled(state))) return { kind: 'done' };
  const isAnyInDoubt = states.some(({ state }) => isInDoubt(state));
  const mayGoOn =
    runState === 'running' || (isAnyInDoubt && (runState === 'cancelled' || runState === 'aborted'));
  return { kind: mayGoOn ? 'again' : 'stopped' };
}
