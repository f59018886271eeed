import type { SharedFlags } from '../config.ts';
import { EXIT, UserError, type ExitCode } from '../errors.ts';
import { awaitsSignIn } from '../queue/pauseRun.ts';
import { hasEnded, type Run, type RunState } from '../runs/run.ts';
import type { CliCommand, Context } from './context.ts';
import { findRun, wrongState } from './findRun.ts';
import { count } from './print.ts';
import { identify, sharedOptions, signIn, type Identity } from './identity.ts';
import { openSession, type Session } from './session.ts';
import { whyNotTaken } from './waiting.ts';
import { statusOf, workOn } from './work.ts';

interface SteerFlags extends SharedFlags {
  readonly json?: boolean;
  readonly work?: boolean;
}

type Act = (run: Run, session: Session, context: Context) => Promise<void>;

/** A command that changes the state of one run, and may work on it afterwards. */
const steer = (act: Act, { mayWork }: { readonly mayWork: boolean }): CliCommand<SteerFlags> => ({
  options(command) {
    sharedOptions(command).option('--json', 'print the run as JSON');
    if (mayWork) command.option('--work', 'work here until the run is done');
  },
  async run([name = ''], flags, context) {
    const known = identify(flags, context);
    await using session = await openSession(flags.work ? await signIn(known, context) : known, context);
    const { runs, identity } = session;
    const run = await findRun(name, runs, identity.tenant, context);
    if (flags.work) expectWorkable(run, identity);
    await act(run, session, context);
    let exitCode: ExitCode = EXIT.done;
    if (mayWork) {
      await session.producer.topUp();
      if (flags.work) exitCode = await workOn(run.runId, session, context);
      else if (!(await session.producer.hasWorkers())) {
        const command = identity.hint('worker');
        context.print.say(
          `No worker is at work for this tenant: start one with \`${command}\`, or add --work.`,
        );
      }
    }
    const after = flags.json ? await runs.run(run.runId) : undefined;
    if (after) context.print.json(await statusOf(after, session));
    return exitCode;
  },
});

/** Said before anything is changed: a run that can't be worked on here would stand open, and the command wait for ever. */
function expectWorkable(run: Run, identity: Identity): void {
  const why = whyNotTaken(run, identity.config);
  if (why === undefined) return;
  throw new UserError(`Run ${run.runId} can't be worked on here: it is ${why}.`, {
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
  const reason = to === 'queued' ? '' : `by ${session.identity.operator}`;
  const moved = await session.runs.transition(run.runId, to, reason, from);
  if (moved.kind === 'wrong') throw wrongState(run, moved.state, action, remedies[action] ?? '');
}

const remedies: Readonly<Record<string, string>> = {
  paused: 'Only a queued or running run can be paused; see `retarget status`.',
  resumed: 'Only a paused run can be resumed; one that has ended is opened again by `retarget retry`.',
  cancelled: 'Only a run that has not ended can be cancelled; see `retarget status`.',
  retried: 'Only a run that has ended can be retried; a paused one goes on with `retarget resume`.',
};

export const pause = steer(
  async (run, session, { print }) => {
    // One that waits for the sign-in would go on by itself: from now on it does not.
    const from: RunState[] = awaitsSignIn(run) ? ['queued', 'running', 'paused'] : ['queued', 'running'];
    await move(run, 'paused', from, 'paused', session);
    print.say(`Run ${run.runId} paused. Go on with: ${session.identity.hint(`resume ${run.runId}`)}`);
  },
  { mayWork: false },
);

export const resume = steer(
  async (run, session, { print }) => {
    await move(run, 'queued', ['paused'], 'resumed', session);
    print.say(`Run ${run.runId} resumed.`);
  },
  { mayWork: true },
);

export const cancel = steer(
  async (run, session, { print }) => {
    await move(run, 'cancelled', ['queued', 'running', 'paused'], 'cancelled', session);
    const after = await session.runs.run(run.runId);
    const inFlight =
      after && !hasEnded(after)
        ? `; ${count(after.sent, 'write')} on the way, to be looked at by a worker`
        : '';
    print.say(
      `Run ${run.runId} cancelled: ${count(after?.counts.cancelled ?? 0, 'row')} not written${inFlight}.`,
    );
  },
  { mayWork: false },
);

const WRITES_IN_DOUBT =
  'Some of its writes may still be on the way: let a `retarget worker` look at them first, then retry.';

export const retry = steer(
  async (run, session, { print }) => {
    const opened = await session.runs.retry(run.runId, ['completed', 'cancelled', 'aborted']);
    if (opened.kind === 'wrong') {
      const isEnding = opened.state === 'cancelled' || opened.state === 'aborted';
      const remedy = isEnding ? WRITES_IN_DOUBT : (remedies['retried'] ?? '');
      throw wrongState(run, opened.state, 'retried', remedy);
    }
    print.say(
      opened.rows === 0
        ? 'No row of this run failed or was left out.'
        : `${count(opened.rows, 'row')} of run ${run.runId} will be tried again.`,
    );
  },
  { mayWork: true },
);
