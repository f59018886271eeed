import type { Command } from 'commander';
import type { SharedFlags } from '../config.ts';
import { EXIT, UserError, type ExitCode } from '../errors.ts';
import { landingMsOf } from '../queue/limits.ts';
import { awaitsSignIn } from '../queue/pauseRun.ts';
import { STRATEGIES, type Strategy } from '../assignments/kinds/kind.ts';
import { hasEnded, type Run, type RunState } from '../runs/run.ts';
import type { Retry } from '../runs/lua/retry.ts';
import type { CliCommand, Context } from './context.ts';
import { draining, type DrainFlags } from './drain.ts';
import { oneOf, reasonOption } from './flags.ts';
import { findOurRun, wrongState } from './findRun.ts';
import { count } from './print.ts';
import { identify, sharedOptions, signIn, type Identity } from './identity.ts';
import { rowsMeant } from './resultRow.ts';
import { logRun } from './runLog.ts';
import { selectionOptions, selectorFrom, type SelectionFlags } from './selection.ts';
import { refuseUnfit } from './stage.ts';
import { openSession, type Session } from './session.ts';
import { letTenantGoOn, stopTenant, tellStop } from './stopAll.ts';
import { takeTurn, turnOptions, type TurnFlags } from './turn.ts';
import { whyNotTaken } from './waiting.ts';
import { statusOf, tellNoWorkers, workOn } from './work.ts';

interface SteerFlags extends SharedFlags, DrainFlags, SelectionFlags, TurnFlags {
  readonly json?: boolean;
  readonly work?: boolean;
  readonly reason?: string;
  readonly all?: boolean;
  readonly strategy?: Strategy;
}

/** What is done to a run. It throws when the run is not in a state for it. */
type Act = (run: Run, session: Session, flags: SteerFlags, context: Context) => Promise<void>;
/** The same for the whole tenant. */
type ActOnAll = (session: Session, flags: SteerFlags, context: Context) => Promise<void>;

interface Steering {
  /** What the log calls it. */
  readonly action: string;
  readonly act: Act;
  /** Whether something is left to do afterwards. */
  readonly mayWork?: boolean;
  /** With `--all`, and what help says of it. */
  readonly actOnAll?: { readonly act: ActOnAll; readonly help: string };
  readonly options?: (command: Command) => Command;
}

const strategyOption = (command: Command): Command =>
  command.addOption(oneOf('--strategy <strategy>', 'how it goes on writing', STRATEGIES));

/** A command that changes the state of one run, and may work on it afterwards. */
const steer = (steering: Steering): CliCommand<SteerFlags> =>
  steering.mayWork ? draining(commandOf(steering)) : commandOf(steering);

const commandOf = ({ action, act, mayWork, actOnAll, options }: Steering): CliCommand<SteerFlags> => ({
  options(command) {
    sharedOptions(command).option('--json', 'print the run as JSON').addOption(reasonOption());
    if (mayWork) turnOptions(command.option('--work', 'work here until the run is done'));
    if (actOnAll) command.option('--all', actOnAll.help);
    options?.(command);
  },
  async run([name], flags, context) {
    if (actOnAll !== undefined) expectRunOrAll(name, flags);
    const known = identify(flags, context);
    await using session = await openSession(flags.work ? await signIn(known, context) : known, context);
    if (flags.all && actOnAll) {
      await actOnAll.act(session, flags, context);
      if (mayWork) await tellLeftAlone(session, context);
      return EXIT.done;
    }
    const { runs, identity } = session;
    const run = await findOurRun(name ?? '', runs, identity.tenant, context);
    if (flags.work) expectWorkable(run, identity);
    const also = flags.work ? await takeTurn(run.runId, flags, session, context) : [];
    if (also === undefined) return EXIT.stoppedEarly;
    await act(run, session, flags, context);
    await logRun(action, run.runId, session, context, flags);
    const exitCode = mayWork ? await goOn(run, also, session, flags, context) : EXIT.done;
    const after = flags.json ? await runs.run(run.runId) : undefined;
    if (after) context.print.json(await statusOf(after, session));
    return exitCode;
  },
});

async function goOn(
  run: Run,
  also: readonly string[],
  session: Session,
  flags: SteerFlags,
  context: Context,
): Promise<ExitCode> {
  await session.producer.topUp();
  const after = flags.work ? undefined : await session.runs.run(run.runId);
  // A worker would find nothing to do in it.
  if (after !== undefined && hasEnded(after)) return EXIT.done;
  if (flags.work) return workOn(run.runId, session, context, also);
  await tellStop(session, context);
  await tellNoWorkers(session, context, undefined, run.runId);
  return EXIT.done;
}

/** Of the tenant's runs that are let go on, some may be worked on by the command that made them, and some by nobody. */
async function tellLeftAlone(session: Session, context: Context): Promise<void> {
  for (const { runId, state } of await session.runs.line()) {
    if (state !== 'queued' && state !== 'running') continue;
    if (!(await session.producer.hasWorkers(runId))) return tellNoWorkers(session, context, '');
  }
}

function expectRunOrAll(name: string | undefined, { all, work }: SteerFlags): void {
  if ((name === undefined) !== (all === true))
    throw new UserError(
      name === undefined ? 'Which run is meant is not said.' : 'A run and --all exclude each other.',
      { remedy: 'Give either a run id (or @last), or --all for the whole tenant.', exitCode: EXIT.badInput },
    );
  if (all && work)
    throw new UserError('--work works on one run, and --all names none.', {
      remedy: 'Leave --work out; a `retarget worker` goes on with all runs.',
      exitCode: EXIT.badInput,
    });
}

/** Said before anything is changed: a run that can't be worked on here would stand open, and the command wait for ever. */
function expectWorkable(run: Run, identity: Identity): void {
  const why = whyNotTaken(run, identity.config);
  if (why === undefined) return;
  throw new UserError(`Run ${run.runId} can't be worked on here: it is ${why.reasonText}.`, {
    remedy: 'Give the --graph-url it was submitted with, or leave --work out; nothing was changed.',
    exitCode: EXIT.badInput,
  });
}

/** Moves the run, or says why not. */
async function move(
  run: Run,
  to: RunState,
  from: readonly RunState[],
  action: string,
  session: Session,
): Promise<void> {
  const why = { reason: 'operator', reasonText: `by ${session.identity.operator}` } as const;
  const moved = await session.runs.transition(run.runId, { to, from, ...(to !== 'queued' && why) });
  if (moved.kind === 'wrong') throw wrongState(run, moved.state, action, remedies[action] ?? '');
}

const remedies: Readonly<Record<string, string>> = {
  paused: 'Only a queued or running run can be paused; see `retarget status`.',
  resumed:
    'Only a paused or aborted run, or one with rows that await approval, can be resumed; one that has ended is opened again by `retarget retry`.',
  cancelled: 'Only a run that has not ended can be cancelled; see `retarget status`.',
  retried: 'Only a run that has ended can be retried; a paused one goes on with `retarget resume`.',
};

export const pause = steer({
  action: 'pause',
  async act(run, session, _flags, { print }) {
    // One that waits for the sign-in would go on by itself: from now on it does not.
    const from: RunState[] = awaitsSignIn(run) ? ['queued', 'running', 'paused'] : ['queued', 'running'];
    await move(run, 'paused', from, 'paused', session);
    print.say(`Run ${run.runId} paused. Go on with: ${session.identity.hint(`resume ${run.runId}`)}`);
  },
  actOnAll: {
    act: stopTenant,
    help: 'stop the whole tenant: no request of any run leaves, also of runs to come, until `resume --all`',
  },
});

export const resume = steer({
  action: 'resume',
  mayWork: true,
  async act(run, session, flags, { print }) {
    const { strategy } = flags;
    if (strategy === 'assign') refuseAssign(run);
    if (run.state === 'aborted' || (run.state === 'completed' && run.counts.awaitingApproval > 0)) {
      print.say(await resumeEnded(run, strategy, session));
      return;
    }
    if (strategy && run.state === 'paused') await session.runs.set(run.runId, { strategy });
    if (run.state === 'queued' || run.state === 'running') throw goesOn(run, session);
    await move(run, 'queued', ['paused'], 'resumed', session);
    print.say(`Run ${run.runId} resumed.`);
  },
  options: strategyOption,
  actOnAll: { act: letTenantGoOn, help: 'end a `pause --all`: the runs of the tenant go on' },
});

export const cancel = steer({
  action: 'cancel',
  async act(run, session, _flags, context) {
    const { print } = context;
    await move(run, 'cancelled', ['queued', 'running', 'paused'], 'cancelled', session);
    const after = await session.runs.run(run.runId);
    print.say(`Run ${run.runId} cancelled: ${count(after?.counts.cancelled ?? 0, 'row')} not written.`);
    if (after === undefined || hasEnded(after)) return;
    const seconds = Math.ceil(landingMsOf(session.identity.pace) / 1000);
    print.say(
      `${count(after.sent, 'write')} in doubt: sent, and nobody knows yet what became of ${after.sent === 1 ? 'it' : 'them'}. A worker settles each as what is there, up to ${seconds} s after it could not be found: ${session.identity.hint(`watch ${run.runId}`)}`,
    );
    await tellNoWorkers(session, context, '', run.runId);
  },
});

export const retry = steer({
  action: 'retry',
  mayWork: true,
  options: (command) => strategyOption(selectionOptions(command)),
  async act(run, session, flags, context) {
    const rows = await selectedRows(run, flags, session, context);
    const { strategy } = flags;
    if (strategy === 'assign') refuseAssign(run);
    const how: Retry = {
      ...{ from: ['completed', 'cancelled', 'aborted'], open: 'failed' },
      ...(rows && { rows }),
      ...(strategy && { strategy }),
    };
    const opened = await open(run, how, 'retried', session);
    const which = rows === undefined ? '' : ' that is meant';
    context.print.say(
      opened === 0
        ? `No row of this run${which} failed or was left out.`
        : `${count(opened, 'row')} of run ${run.runId} will be tried again.`,
    );
  },
});

const goesOn = ({ runId, state }: Run, { identity: { hint } }: Session): UserError =>
  new UserError(`Run ${runId} is ${state}: there is nothing to resume.`, {
    remedy: `\`${hint(`status ${runId}`)}\` says what it waits for; \`${hint('worker')}\` works on it when nobody else does.`,
    exitCode: EXIT.badInput,
  });

/** What an aborted run had not tried goes on, and so do rows that awaited approval. Answers what to say of it. */
async function resumeEnded(run: Run, strategy: Strategy | undefined, session: Session): Promise<string> {
  const how: Retry = {
    ...{ from: ['aborted', 'completed'], open: run.counts.awaitingApproval > 0 ? 'awaiting' : 'rest' },
    ...(strategy && { strategy }),
  };
  const rows = await open(run, how, 'resumed', session);
  const { awaitingApproval } = run.counts;
  const approved = awaitingApproval > 0 ? `, ${awaitingApproval} of them with their approvals` : '';
  return rows === 0
    ? `Run ${run.runId} has nothing left to do; \`${session.identity.hint(`retry ${run.runId}`)}\` tries what failed again.`
    : `Run ${run.runId} goes on with ${count(rows, 'row')}${approved}; what failed stays failed.`;
}

/** @throws UserError (exit 2) for a run that can't go on by writing whole lists. */
function refuseAssign(run: Run): void {
  refuseUnfit({ strategy: 'assign', blind: run.blind, apiVersion: run.apiVersion });
}

/** Opens an ended run again, or says why not. Answers how many rows there are to be done. */
async function open(run: Run, how: Retry, action: string, { runs }: Session): Promise<number> {
  const opened = await runs.retry(run.runId, how);
  if (opened.kind === 'done') return opened.rows;
  const isEnding = opened.state === 'cancelled' || opened.state === 'aborted';
  const remedy = isEnding
    ? `Some of its writes may still be on the way: let a \`retarget worker\` look at them first.`
    : (remedies[action] ?? '');
  throw wrongState(run, opened.state, action, remedy);
}

/** Batch → places of the rows that `--where` and `--rows` select; undefined without them. */
async function selectedRows(
  run: Run,
  { where, rows }: SelectionFlags,
  { runs }: Session,
  context: Context,
): Promise<Retry['rows']> {
  const selector = selectorFrom(where);
  if (where === undefined && rows === undefined) return undefined;
  const isMeant = await rowsMeant(selector, rows, run, context);
  const selected = new Map<number, number[]>();
  for await (const batch of runs.rowsByBatch(run, 'before'))
    for (const row of batch.filter((each) => isMeant(each)))
      selected.set(row.batch, [...(selected.get(row.batch) ?? []), row.place]);
  return selected;
}
