import { EXIT, type ExitCode } from '../../errors.ts';
import { hasEnded, type Run } from '../../runs/run.ts';
import { ask, canAsk } from './ask.ts';
import type { Context } from '../context.ts';
import { logRun } from '../../app/runs/runLog.ts';
import type { Session } from '../../app/services.ts';
import { workOn } from '../../app/work/work.ts';
import { count } from '../../app/words.ts';

interface CanaryFlags {
  readonly yes?: boolean;
  readonly canaryStop?: boolean;
}

/** True for a run that rests because its canary is through. */
const isAfterCanary = ({ state, reason }: Run): boolean => state === 'paused' && reason === 'canary';

/**
 * Works on a run, and when its canary is written and read back, asks whether to go on. With `--yes` it goes on when every row
 * of the canary came through; with `--canary-stop` it never does.
 */
export async function followCanary(
  runId: string,
  session: Session,
  flags: CanaryFlags,
  context: Context,
  also: readonly string[] = [],
): Promise<ExitCode> {
  const exitCode = await workOn(runId, session, context, also);
  // Redis may be why it was left, and would be waited for.
  if (context.interrupted.aborted) return exitCode;
  const run = await session.runs.run(runId);
  if (run === undefined || hasEnded(run) || !isAfterCanary(run)) return exitCode;
  const { succeeded, failed, stale, awaitingApproval, unsure } = run.counts;
  const bad = failed + stale + awaitingApproval + unsure;
  const { print } = context;
  print.say(`Canary: ${count(succeeded, 'row')} written and read back, ${bad} not as wished.`);
  const goesOn = await mayGoOn(run, bad, flags, context);
  await logRun('canary', runId, session, context, {}, { goesOn, succeeded, notAsWished: bad });
  if (!goesOn) {
    print.say(`The rest waits: ${session.identity.hint(`resume ${runId} --work`)}`);
    return EXIT.stoppedEarly;
  }
  await session.runs.transition(runId, { to: 'queued', from: ['paused'], ifMoves: run.moves });
  await session.producer.topUp();
  return workOn(runId, session, context, also);
}

async function mayGoOn(
  run: Run,
  bad: number,
  { yes, canaryStop }: CanaryFlags,
  context: Context,
): Promise<boolean> {
  if (canaryStop) return false;
  if (yes) return bad === 0;
  if (!canAsk(context)) return false;
  return ask(`Go on with the other ${count(run.counts.pending, 'row')}?`, context);
}
