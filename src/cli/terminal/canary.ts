import { answerCanary, canaryResult, type CanaryResult } from '../../app/runs/canary.ts';
import type { Services } from '../../app/services.ts';
import { count } from '../../app/words.ts';
import { EXIT, type ExitCode } from '../../errors.ts';
import type { Context } from '../context.ts';
import { ask, canAsk } from './ask.ts';
import { workShown } from './followed.ts';

interface CanaryFlags {
  readonly yes?: boolean;
  readonly canaryStop?: boolean;
  /** Ms. */
  readonly wait?: number;
}

/**
 * Works on a run, and when its canary is written and read back, asks whether to go on. With `--yes` it goes on when every row
 * of the canary came through; with `--canary-stop` it never does.
 * @param also other runs that are worked on, when it is their turn before this one
 */
export async function followCanary(
  runId: string,
  flags: CanaryFlags,
  also: readonly string[],
  services: Services,
  context: Context,
): Promise<ExitCode> {
  const { print } = context;
  const exitCode = await workShown(runId, also, services, context, flags.wait);
  // Redis may be why it was left, and would be waited for.
  if (context.interrupted.aborted) return exitCode;
  const run = await services.runs.run(runId);
  const canary = run && canaryResult(run);
  if (run === undefined || canary === undefined) return exitCode;
  print.say(
    `Canary: ${count(canary.succeeded, 'row')} written and read back, ${canary.notAsDesired} not as desired.`,
  );
  const goesOn = await mayGoOn(canary, flags, context);
  await answerCanary(run, goesOn, canary, services);
  if (goesOn) return workShown(runId, also, services, context, flags.wait);
  print.say(`The rest waits: ${services.identity.hint(`resume ${runId} --work`)}`);
  return EXIT.stoppedEarly;
}

async function mayGoOn(
  { left, notAsDesired }: CanaryResult,
  { yes, canaryStop }: CanaryFlags,
  context: Context,
): Promise<boolean> {
  if (canaryStop) return false;
  if (yes) return notAsDesired === 0;
  if (!canAsk(context)) return false;
  return ask(`Go on with the other ${count(left, 'row')}?`, context);
}
