import { beforeJson, type Decision } from '../assignments/changes/decision.ts';
import { listPath } from '../assignments/kinds/address.ts';
import { planBatch, type PlanRules, type Standing } from '../assignments/changes/planBatch.ts';
import { writesOf } from '../assignments/changes/writes.ts';
import { quoted } from '../assignments/values/quoted.ts';
import { UNREAD } from '../assignments/changes/fingerprint.ts';
import type { Unread } from '../graph/reads/reading.ts';
import { isAtRest, type Run } from '../runs/run.ts';
import { listNameOf, otherWriterOf } from '../runs/lastWrites.ts';
import {
  unsettled,
  type BatchRef,
  type BatchStates,
  type RecordedRow,
  type RowUpdate,
} from '../runs/batchRow.ts';
import { isInDoubt, isSettled, type StateName } from '../runs/rowState.ts';
import type { BatchView } from '../runs/lua/batchView.ts';
import { withAskedBefore } from './findApprovals.ts';
import { isMeant, isOurs, type BatchAtWork, type WorkerDeps, type Step } from './deps.ts';
import { TenantStopped } from './limiter/limiter.ts';
import { isEnough } from './planReads.ts';
import { readCurrent, type CurrentLists } from './readCurrent.ts';
import { isApart } from './apart.ts';
import { seenWritten, type ReadLists } from './writtenLists.ts';
import type { NeededWrite, Sorted } from './needed.ts';
import { waitMsOf } from './rowUpdate.ts';
import { settledBy } from './settle.ts';
import { abortRun, pauseForReads, pauseAtWork, refusedSignIn } from './pauseRun.ts';
import { listReadBacks } from './readBack.ts';
import { lostReads } from './writeRefusal.ts';
import { landingMsOf } from './limiter/pace.ts';
import { nextStep, writeBatch } from './writeBatch.ts';

/**
 * Takes one batch one step further. A first try, a throttled one, a crashed one and `retry` all come in here and do the
 * same: read, then write what is still needed. A change may thus be sent twice, which is harmless; losing one is not.
 * Rejects with the signal's reason when aborted while it waits; what is under way is never cut.
 */
export async function processBatch(ref: BatchRef, tenant: WorkerDeps, signal: AbortSignal): Promise<Step> {
  const view = await tenant.runs.batch(ref);
  if (view === undefined) return { kind: 'done' };
  const { run, rows } = view;
  const deps = withLimiterOf(rows, run, tenant);
  // A paused run rests; one that was stopped for good, or is at rest in line, still owes the truth about writes in doubt.
  const mayWrite = run.state === 'running';
  const owesTruth = run.state === 'cancelled' || run.state === 'aborted' || isAtRest(run);
  if (!isOurs(run, deps) || !(mayWrite || owesTruth)) return { kind: 'stopped' };
  if (mayWrite && !isMeant(run.runId, deps)) return { kind: 'notMeant' };

  const open = unsettled(rows).filter(({ state }) => mayWrite || isInDoubt(state));
  if (open.length === 0) return { kind: 'done' };
  const at = deps.now();
  const landing = mayWrite ? await landingsFor(run, open, deps) : new Map<string, number>();
  // Asked again within a window: what is under way only may be answered soon.
  const landingMs = (row: RecordedRow): number =>
    row.state === 'written' ? 0 : Math.min(deps.limiter.pace.windowMs, landing.get(pathOf(row)) ?? 0);
  const waitMs = (row: RecordedRow): number => Math.max(waitMsOf(row, at), landingMs(row));
  const due = open.filter((row) => waitMs(row) === 0);
  const waits = open.map(waitMs).filter((ms) => ms > 0);
  const nextMs = waits.length > 0 ? Math.min(...waits) : 0;
  if (due.length === 0) return { kind: 'later', waitMs: nextMs };
  try {
    return await readAndWrite({ ref, run, deps, signal }, view, { due, nextMs });
  } catch (error) {
    if (error instanceof TenantStopped) return { kind: 'stopped' };
    throw error;
  }
}

/** All rows of a batch are of one family. Of the others of its run the limiter is to know, for a backoff that nobody says the family of. */
function withLimiterOf([row]: readonly RecordedRow[], { families }: Run, tenant: WorkerDeps): WorkerDeps {
  for (const family of families) tenant.limiter.of(family);
  const family = row?.change.address.kind.family ?? tenant.limiter.family;
  return family === tenant.limiter.family ? tenant : { ...tenant, limiter: tenant.limiter.of(family) };
}

const pathOf = ({ change }: RecordedRow): string => listPath(change.address);

/**
 * The lists of these rows that a write of another run may still be applied to, and for how long. It would land on what this run writes, so
 * that they are read only after that: before their reads, as what lands meanwhile is not in them.
 */
async function landingsFor(
  { runId, graphUrl }: Run,
  rows: readonly RecordedRow[],
  { runs }: WorkerDeps,
): Promise<ReadonlyMap<string, number>> {
  const landing = await runs.landings(graphUrl, [...new Set(rows.map(pathOf))], runId);
  if (landing.size > 0) await runs.keepLateWaits(runId, landing);
  return landing;
}

/** The rows that can be taken further now, and how long until the next of the others can (0: there are none). */
interface Due {
  readonly due: readonly RecordedRow[];
  readonly nextMs: number;
}

async function readAndWrite(batch: BatchAtWork, view: BatchView, { due, nextMs }: Due): Promise<Step> {
  const { run, deps, signal } = batch;
  const { rows, leaseMs } = view;
  const lists = await readCurrent(rows, due, run, deps, signal);
  if (lists.kind === 'signIn') return refusedSignIn(run, lists.asked, lists.error, deps, signal);
  if (lists.kind === 'refused') return refusedReads(run, lists.unread, deps);
  const lost = await lostReads(run, lists.lists, deps, signal);
  if (lost !== undefined) return pauseForReads(run, lost, deps);

  const lagMs = (row: RecordedRow): number => lists.lagging.get(pathOf(row)) ?? 0;
  // What a copy shows that lags behind decides nothing but a read-back, which knows what it is to see.
  const readable = due.filter((row) => row.state === 'written' || lagMs(row) === 0);
  const decisions = planBatch(rows, lists.snapshot, rulesFor(run, readable));
  // What the plan has read is given once: all is read now.
  if (lists.basis && !isEnough(lists.basis, decisions)) return { kind: 'again' };
  const sorted = parted(decisions, lists, (row) => lagMs(row) > 0, run, deps);
  const { records, needed } = await withAskedBefore(sorted, run, deps, signal);
  // While another worker's write may be on its way, what is there is there, but what is not may still come.
  const sure = leaseMs > 0 ? records.filter(({ state }) => isThere(state)) : records;
  const after = await recordDecided(batch, rows, sure, lists);
  if (after?.states.length === 0) return { kind: 'done' };
  if (needed.length === 0 || leaseMs > 0) {
    const lagWaits = due.filter((row) => !readable.includes(row)).map(lagMs);
    // Rows that nothing was done for wait for others of their policy.
    const othersMs = sure.length > 0 ? [] : [...(nextMs > 0 ? [nextMs] : []), ...lagWaits];
    const waitMs = Math.max(leaseMs, untilNextRead(lists, othersMs, deps));
    const step = nextStep(after?.states ?? rows, after?.runState ?? run.state);
    return step.kind === 'again' && waitMs > 0 ? { kind: 'later', waitMs } : step;
  }
  return permitAndWrite(batch, view, needed, lists, nextMs);
}

/** Reads that were refused together say nothing of any row. */
function refusedReads(run: Run, { why, remedy, refusedBy, status }: Unread, deps: WorkerDeps): Promise<Step> {
  const hasRead = run.counts.succeeded + run.counts.skipped > 0;
  // Graph took the sign-in before, and may take it again: then the run goes on by itself.
  if (refusedBy === 'graph' && status === 403 && hasRead)
    return pauseForReads(run, `Graph refuses every read (${why})`, deps);
  const how = `Then \`retarget resume ${run.runId} --work\`.`;
  return pauseAtWork(run, 'refused', `${why}. ${remedy} ${how}`, deps);
}

/** Records what is sure. Answers how the batch stands then; undefined: nothing was recorded. */
async function recordDecided(
  { ref, run, deps }: BatchAtWork,
  rows: readonly RecordedRow[],
  sure: readonly RowUpdate[],
  lists: ReadLists,
): Promise<BatchStates | undefined> {
  const { runs, limiter } = deps;
  // Stopped before it is recorded: no other batch shall write on meanwhile.
  const lossy = sure.find(({ detail }) => detail?.lossyList !== undefined);
  if (lossy !== undefined && run.state === 'running')
    await abortRun(run, 'lostEntries', await lossInWords(rows[lossy.place], lossy, { ref, run, deps }), deps);
  const after = sure.length > 0 ? await runs.record(ref, asSeen(sure, rows), limiter.policy()) : undefined;
  await runs.keepLastWrites(run.graphUrl, limiter.pace.windowMs, seenWritten(rows, sure, lists));
  return after;
}

/** How long until lists that were not readable are read again, or else what the rows wait for; 0: for nothing. */
function untilNextRead(
  { lists }: Extract<CurrentLists, { kind: 'read' }>,
  othersMs: readonly number[],
  { limiter }: WorkerDeps,
): number {
  const unreadMs = [...lists.values()].flatMap((list) =>
    list.kind === 'unread' ? [Math.max(limiter.pace.unreachedWaitMs, list.waitMs ?? 0)] : [],
  );
  const waits = unreadMs.length > 0 ? unreadMs : othersMs;
  return waits.length > 0 ? Math.min(...waits) : 0;
}

async function permitAndWrite(
  batch: BatchAtWork,
  { rows }: BatchView,
  needed: readonly NeededWrite[],
  lists: ReadLists & Pick<Extract<CurrentLists, { kind: 'read' }>, 'basis'>,
  nextMs: number,
): Promise<Step> {
  const { ref, run, deps, signal } = batch;
  const { limiter } = deps;
  const permit = await limiter.permit(ref, permitRows(needed, rows, run), signal, run.families, lists.basis);
  switch (permit.kind) {
    case 'late':
      return { kind: 'again' };
    case 'busy':
      if (permit.why === 'lease') return { kind: 'later', waitMs: permit.waitMs };
      await tellOfLandings(run, needed, deps);
      return { kind: 'later', waitMs: nextMs > 0 ? Math.min(nextMs, permit.waitMs) : permit.waitMs };
    case 'stopped':
      return { kind: 'stopped' };
    case 'granted':
      if (permit.places.length === 0) return { kind: 'again' };
      return writeBatch(batch, permit, needed, lists);
  }
}

/** Rows that are due are open; a row that is not due, or is of no more interest to a run that is over, is waited for. */
function rulesFor(run: Run, due: readonly RecordedRow[]): PlanRules<RecordedRow> {
  const dueRows = new Set(due);
  return {
    apiVersion: run.apiVersion,
    strategy: run.options.strategy,
    restores: run.options.restores,
    standing: (row) => (isSettled(row.state) ? standingOf(row.state) : dueRows.has(row) ? 'open' : 'waiting'),
    isGuarded: ({ planned }) => run.options.restores || (planned !== undefined && planned !== UNREAD),
  };
}

function standingOf(state: StateName): Standing {
  switch (state) {
    case 'succeeded':
    case 'skipped':
      return 'done';
    case 'awaitingApproval':
      return 'awaitingApproval';
    default:
      return 'failed';
  }
}

/** What the decisions settle, and the requests that are still needed. */
function parted(
  decisions: readonly Decision<RecordedRow>[],
  { snapshot, lastWrites }: ReadLists,
  isLagging: (row: RecordedRow) => boolean,
  run: Run,
  { limiter, now }: WorkerDeps,
): Sorted {
  const terms = {
    ...{ mayWrite: run.state === 'running', isAborted: run.state === 'aborted', isLeft: isAtRest(run) },
    ...{ windowMs: limiter.pace.windowMs, landingMs: landingMsOf(limiter.pace), at: now() },
  };
  const readBacks = listReadBacks(decisions, snapshot);
  const otherWriter = (row: RecordedRow): string | undefined => {
    const written = lastWrites.get(pathOf(row));
    return written && otherWriterOf(written, run.runId, row.change);
  };
  const settled = new Map(
    decisions.map((decision) => [
      decision,
      settledBy(decision, terms, {
        readBack: readBacks.get(decision.row),
        isLagging: isLagging(decision.row),
        otherWriter: otherWriter(decision.row),
      }),
    ]),
  );
  // A row that has come to its end in another way would be written along with the others: the next step decides without it.
  const needed = terms.mayWrite
    ? writesOf(decisions, snapshot).filter((write) =>
        write.decisions.every((decision) => settled.get(decision) === undefined),
      )
    : [];
  return {
    records: [...settled.values()].filter((record) => record !== undefined),
    needed,
  };
}

/** What was read before another worker wrote it says nothing any more. */
const asSeen = (records: readonly RowUpdate[], rows: readonly RecordedRow[]): RowUpdate[] =>
  records.map((record) => ({ ...record, seen: rows[record.place] ?? record }));

/** Rows of the run itself are among those whose writes may still land, on what others of the same list would write. */
async function tellOfLandings(
  { runId, graphUrl }: Run,
  needed: readonly NeededWrite[],
  { runs }: WorkerDeps,
): Promise<void> {
  const paths = needed.flatMap(({ decisions }) => decisions.map(({ row }) => pathOf(row)));
  const landing = await runs.landings(graphUrl, [...new Set(paths)]);
  if (landing.size > 0) await runs.keepLateWaits(runId, landing);
}

const permitRows = (needed: readonly NeededWrite[], all: readonly RecordedRow[], { graphUrl }: Run) =>
  needed.flatMap(({ decisions, list }, request) =>
    decisions.map((decision, i) => {
      const { row, before } = decision;
      const image = beforeJson(before);
      const isFirst = list !== undefined && i === 0;
      return {
        ...{ place: row.place, state: row.state, attempts: row.attempts, request },
        ...{ listName: listNameOf(graphUrl, pathOf(row)), isApart: isApart(decision, all) },
        ...(decision.via === 'post' && { isOnce: true }),
        // Also what is on record already: Redis may lose it before the permit, and the row stands as before.
        ...(image !== undefined && { before: image }),
        ...(isFirst ? { list } : row.list !== undefined && { list: null }),
      };
    }),
  );

async function lossInWords(
  row: RecordedRow | undefined,
  { place, detail: { errorMessage = '' } = {} }: RowUpdate,
  { ref, run: { runId }, deps: { runs } }: Pick<BatchAtWork, 'ref' | 'run' | 'deps'>,
): Promise<string> {
  const name = (await runs.rowNames(ref))[place]?.policy;
  const which = `${name === undefined ? '' : `${quoted(name)} `}${row?.change.address.policyId} (line ${row?.input.line})`;
  return `policy ${which}: ${errorMessage} \`retarget rollback ${runId}\` puts back what was lost`;
}

const isThere = (state: RecordedRow['state']): boolean => state === 'succeeded' || state === 'skipped';
