import type { Strategy } from '../../assignments/kinds/kind.ts';
import { EXIT, UserError } from '../../errors.ts';
import { landingMsOf } from '../../worker/limiter/pace.ts';
import type { Retry } from '../../runs/lua/retry.ts';
import {
  hasEnded,
  intervalsOf,
  type Run,
  type RunOptions,
  type RunState,
  awaitsSignIn,
} from '../../runs/run.ts';
import { timeInZone } from '../../runs/schedule/localTime.ts';
import type { Schedule } from '../../runs/schedule/schedule.ts';
import type { RevertTime } from '../schedule/revertFrom.ts';
import { refuseUnfitStrategy } from '../draft/draftTerms.ts';
import type { Services } from '../services.ts';
import { wrongState } from './findRun.ts';
import { logRun, reasonFrom, type Said } from './runLog.ts';
import { rowsMeant } from './resultRow.ts';
import { selectorFrom } from './selection.ts';
import { whyNotTaken } from './whyWaiting.ts';

/** What only a run in another state could be done to, and what can be done instead. */
const REMEDIES = {
  paused: 'Only a queued or running run can be paused; see `retarget status`.',
  resumed:
    'Only a paused or aborted run, or one with rows that await approval, can be resumed; one that has ended is opened again by `retarget retry`.',
  cancelled: 'Only a run that has not ended can be cancelled; see `retarget status`.',
  retried: 'Only a run that has ended can be retried; a paused one goes on with `retarget resume`.',
  updated: 'Only a run that still goes on, or may, has settings to change.',
} as const;

type Done = keyof typeof REMEDIES;

/**
 * Stops a run after what is in flight. One that waits for the sign-in would go on by itself: from now on it does not.
 * @throws UserError (exit 2) for a run in another state
 */
export async function pauseRun(run: Run, said: Said, services: Services): Promise<void> {
  const from: RunState[] = awaitsSignIn(run) ? ['queued', 'running', 'paused'] : ['queued', 'running'];
  await move(run, { to: 'paused', from, done: 'paused' }, said, services);
  await logRun('pause', run.runId, services, said);
}

/** What became of a run that was to go on. */
export type Resumed =
  | { readonly kind: 'resumed' }
  /** It had ended: so many rows that nobody had tried, or that wait for approval, go on. */
  | { readonly kind: 'reopened'; readonly rows: number; readonly awaitingApproval: number };

/**
 * Lets a paused run go on, or of one that was aborted the rest, or rows that were approved by now.
 * @param strategy how it goes on writing; undefined: as before
 * @throws UserError (exit 2) for a run in another state, or one that can't go on so
 */
export async function resumeRun(
  run: Run,
  strategy: Strategy | undefined,
  said: Said,
  services: Services,
): Promise<Resumed> {
  refuseUnfitStrategy({ strategy, blind: run.blind, apiVersion: run.apiVersion });
  await expectDeadlineAhead(run, services);
  await expectStands(run, services);
  const { awaitingApproval } = run.counts;
  const isOver = run.state === 'aborted' || (run.state === 'completed' && awaitingApproval > 0);
  let resumed: Resumed = { kind: 'resumed' };
  if (isOver) {
    const how: Retry = {
      ...{ from: ['aborted', 'completed'], open: awaitingApproval > 0 ? 'awaiting' : 'rest' },
      ...(strategy && { strategy }),
    };
    resumed = { kind: 'reopened', rows: await reopen(run, how, 'resumed', services), awaitingApproval };
  } else {
    if (strategy && run.state === 'paused') await services.runs.set(run.runId, { strategy });
    if (run.state === 'queued' || run.state === 'running') throw goesOn(run, services);
    await move(run, { to: 'queued', from: ['paused'], done: 'resumed' }, said, services);
  }
  await logRun('resume', run.runId, services, said);
  await services.producer.topUp();
  return resumed;
}

/** A run that was cancelled. */
export interface Cancelled {
  /** Rows that are not written. */
  readonly rows: number;
  /** Writes that were sent and of which nobody knows yet what became of them. */
  readonly inDoubt: number;
  /** How long after it could not be found a write may still land. */
  readonly landingMs: number;
}

/** Ends a run after what is in flight. @throws UserError (exit 2) when it has ended */
export async function cancelRun(run: Run, said: Said, services: Services): Promise<Cancelled> {
  const from: RunState[] = ['queued', 'running', 'paused'];
  await move(run, { to: 'cancelled', from, done: 'cancelled' }, said, services);
  const after = (await services.runs.run(run.runId)) ?? run;
  const sums = Object.entries(after.counts).filter(([, rows]) => rows > 0);
  await logRun('cancel', run.runId, services, said, Object.fromEntries(sums));
  return {
    rows: after.counts.cancelled,
    inDoubt: hasEnded(after) ? 0 : after.sent,
    landingMs: landingMsOf(services.identity.pace),
  };
}

/** Which rows of an ended run are tried again: undefined means all that failed or were left out. */
export interface RetryTerms {
  readonly where: readonly string[] | undefined;
  /** A file of rows. */
  readonly rows: string | undefined;
  readonly strategy: Strategy | undefined;
}

/** Opens an ended run again. Answers how many rows are tried again. @throws UserError (exit 2) when it has not ended */
export async function retryRun(
  run: Run,
  { where, rows, strategy }: RetryTerms,
  said: Said,
  services: Services,
): Promise<number> {
  refuseUnfitStrategy({ strategy, blind: run.blind, apiVersion: run.apiVersion });
  await expectDeadlineAhead(run, services);
  await expectStands(run, services);
  const selected = await selectedRows(run, where, rows, services);
  const how: Retry = {
    ...{ from: ['completed', 'cancelled', 'aborted'], open: 'failed' },
    ...(selected && { rows: selected }),
    ...(strategy && { strategy }),
  };
  const opened = await reopen(run, how, 'retried', services);
  await logRun('retry', run.runId, services, said);
  await services.producer.topUp();
  return opened;
}

/** What can be changed of a run while it goes on. */
export interface RunSettings {
  readonly maxFailures?: string;
  /** Null: as many as the tenant takes. */
  readonly writesPerWindow?: number | null;
  readonly schedule?: Schedule;
  readonly revert?: RevertTime;
  /** Who is told from now on. */
  readonly channels?: Pick<RunOptions, 'notify' | 'notifyFailures'>;
}

/**
 * Holds from the next batch on; when it is taken back, and who is told of that, can be said of one that has ended as well.
 * @throws UserError (exit 2) for a run that has ended, or that can't be taken back
 */
export async function updateRun(
  run: Run,
  { schedule, revert, channels, ...settings }: RunSettings,
  said: Said,
  services: Services,
): Promise<void> {
  const isOfRevertOnly = schedule === undefined && Object.keys(settings).length === 0;
  if ((run.state === 'completed' || run.state === 'cancelled') && !isOfRevertOnly)
    throw wrongState(run, run.state, 'updated', REMEDIES.updated);
  if (revert !== undefined) await setRevert(run, revert, services);
  const { runs, producer } = services;
  const openIntervals = schedule && intervalsOf(schedule, await runs.now());
  const changed = { ...settings, ...channels, ...schedule, ...(openIntervals && { openIntervals }) };
  if (Object.keys(changed).length > 0) await runs.set(run.runId, changed);
  await logRun('update', run.runId, services, said, {
    ...{ ...settings, ...schedule },
    ...(revert && { revertAt: revert.revertAt }),
    ...(channels && { notify: channels.notify }),
  });
  if (schedule !== undefined) await producer.topUp();
}

async function setRevert(run: Run, { revertAt, timeZone }: RevertTime, services: Services): Promise<void> {
  const { runs } = services;
  expectNotLonger(run, revertAt, services);
  if (run.blind && revertAt !== null)
    throw new UserError(
      `Run ${run.runId} was made without a look at the tenant: there is nothing to go back to.`,
      {
        remedy: 'Write what is to be there then into a file, and apply that with --start-at.',
        exitCode: EXIT.badInput,
      },
    );
  if (run.options.timeZone === null && timeZone !== null) await runs.set(run.runId, { timeZone });
  await runs.setRevert(run.runId, revertAt);
}

/**
 * What has not ended waits for another yes when its end is changed; what has ended writes no more, so that nothing would wait.
 * @throws UserError (exit 2) for an ended run that a second person has approved with an earlier end
 */
function expectNotLonger(run: Run, revertAt: number | null, { identity }: Pick<Services, 'identity'>): void {
  const approved = run.options.revertAt;
  if (!run.needsApproval || !hasEnded(run) || approved === null || run.revertedAt !== null) return;
  if (revertAt !== null && revertAt <= approved) return;
  throw new UserError(
    `Run ${run.runId} was approved with its end, ${timeInZone(approved, run.options.timeZone)}: it may be taken back earlier, not later.`,
    {
      remedy: `Let it end, and \`${identity.hint('submit')}\` its file again, for somebody to approve.`,
      exitCode: EXIT.badInput,
    },
  );
}

/**
 * What it wrote from now on would stay, or be taken back at once.
 * @throws UserError (exit 2) for a run whose time to be taken back has come
 */
async function expectStands(
  { runId, options, revertedBy, revertedAt }: Run,
  { runs, identity }: Services,
): Promise<void> {
  const { revertAt, timeZone } = options;
  if (revertAt === null || (await runs.now()) < revertAt) return;
  const time = timeInZone(revertedAt ?? revertAt, timeZone);
  const what = revertedAt === null ? `is to be taken back since ${time}` : `was taken back ${time}`;
  throw new UserError(`Run ${runId} ${what}${revertedBy === null ? '' : ` by run ${revertedBy}`}.`, {
    remedy: `Say first how long it shall stand: \`${identity.hint(`update ${runId} --revert-after 48h`)}\`, or \`--no-revert\` for good.`,
    exitCode: EXIT.badInput,
  });
}

/** @throws UserError (exit 2) for a run whose deadline has passed: it would pause again at once */
async function expectDeadlineAhead({ runId, options }: Run, { runs, identity }: Services): Promise<void> {
  const { deadlineAt, timeZone } = options;
  if (deadlineAt === null || (await runs.now()) < deadlineAt) return;
  throw new UserError(`The deadline of run ${runId} was ${timeInZone(deadlineAt, timeZone)}.`, {
    remedy: `Give it another one, or none, and then let it go on: \`${identity.hint(`update ${runId} --deadline off`)}\`.`,
    exitCode: EXIT.badInput,
  });
}

/**
 * Asked before anything is changed: a run that can't be worked on here would stand open, and who works on it wait for ever.
 * @throws UserError (exit 2) for one of another version or Graph
 */
export function expectWorkable(run: Run, { identity }: Pick<Services, 'identity'>): void {
  const why = whyNotTaken(run, identity.config);
  if (why === undefined) return;
  throw new UserError(`Run ${run.runId} can't be worked on here: it is ${why.reasonText}.`, {
    remedy: 'Give the --graph-url it was submitted with, or leave --work out; nothing was changed.',
    exitCode: EXIT.badInput,
  });
}

const goesOn = ({ runId, state }: Run, { identity: { hint } }: Services): UserError =>
  new UserError(`Run ${runId} is ${state}: there is nothing to resume.`, {
    remedy: `\`${hint(`status ${runId}`)}\` says what it waits for; \`${hint('worker')}\` works on it when nobody else does.`,
    exitCode: EXIT.badInput,
  });

interface RunMove {
  readonly to: RunState;
  readonly from: readonly RunState[];
  readonly done: Done;
}

/** Moves the run, or says why not. */
async function move(
  run: Run,
  { to, from, done }: RunMove,
  { reason }: Said,
  { runs, identity, redactor }: Services,
): Promise<void> {
  const said = reasonFrom(reason, redactor);
  const reasonText = `by ${identity.operator}${said === null ? '' : `: ${said}`}`;
  const why = { reason: 'operator', reasonText } as const;
  const moved = await runs.transition(run.runId, { to, from, ...(to !== 'queued' && why) });
  if (moved.kind === 'wrong') throw wrongState(run, moved.state, done, REMEDIES[done]);
}

/** Opens an ended run again, or says why not. Answers how many rows there are to be done. */
async function reopen(run: Run, how: Retry, done: Done, { runs }: Services): Promise<number> {
  const opened = await runs.retry(run.runId, how);
  if (opened.kind === 'done') return opened.rows;
  const isEnding = opened.state === 'cancelled' || opened.state === 'aborted';
  const remedy = isEnding
    ? `Some of its writes may still be on the way: let a \`retarget worker\` look at them first.`
    : REMEDIES[done];
  throw wrongState(run, opened.state, done, remedy);
}

/** Batch → places of the rows that are selected; undefined when all are meant. */
async function selectedRows(
  run: Run,
  where: readonly string[] | undefined,
  rows: string | undefined,
  services: Services,
): Promise<Retry['rows']> {
  const selector = selectorFrom(where);
  if (where === undefined && rows === undefined) return undefined;
  const { isMeant } = await rowsMeant(selector, rows, run, services);
  const selected = new Map<number, number[]>();
  for await (const batch of services.runs.rowsByBatch(run, 'before'))
    for (const row of batch.filter((each) => isMeant(each)))
      selected.set(row.batch, [...(selected.get(row.batch) ?? []), row.place]);
  return selected;
}
