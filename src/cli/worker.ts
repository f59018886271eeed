import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SharedFlags } from '../config.ts';
import { EXIT } from '../errors.ts';
import { hasEnded } from '../runs/run.ts';
import type { CliCommand } from './context.ts';
import { isInterrupt, unlessInterrupted } from './interrupt.ts';
import { identify, sharedOptions, signIn } from './identity.ts';
import { openSession, type Session } from './session.ts';
import { noteOfTokenEnd } from './tokenEnd.ts';
import { whyNotTaken } from './waiting.ts';
import { openWorker } from './work.ts';

/** How often a worker that ends when idle looks whether it is. */
const IDLE_CHECK_MS = 500;
/** How often a worker looks for runs that it does not take, to say so. */
const LEFT_ALONE_CHECK_MS = 60_000;

interface WorkerFlags extends SharedFlags {
  readonly untilIdle?: boolean;
}

export const worker: CliCommand<WorkerFlags> = {
  options: (command) =>
    sharedOptions(command).option('--until-idle', 'end when no run of this tenant has anything left to do'),
  async run(_args, flags, context) {
    setMaxListeners(0, context.interrupted);
    try {
      const identity = await signIn(identify(flags, context), context);
      await using session = await openSession(identity, context, 'wait');
      const note = noteOfTokenEnd(identity, Date.now());
      if (note !== undefined) session.log.warn(note);
      await using working = await openWorker(session, context);
      const { tenant, pace, config } = identity;
      session.log.info(
        `Working for tenant ${tenant} at ${config.graphUrl}, up to ${pace.writesPerWindow} writes in ${pace.windowMs / 1000} s.`,
      );
      context.interrupted.addEventListener(
        'abort',
        () => session.log.info('Finishing what is in flight; a second signal leaves at once.'),
        { once: true },
      );
      const told = new Set<string>();
      // A run that goes on when the sign-in works again has something left to do, if there is a sign-in that may. Idle is asked
      // a second time, as it may have gone on between the two questions.
      const isDone = async (): Promise<boolean> =>
        (await working.isIdle()) &&
        (identity.isReadyToken || (!(await working.awaitsSignIn()) && (await working.isIdle())));
      const isWanted = async (): Promise<boolean> => !(flags.untilIdle && (await isDone()));
      let nextLookAt = 0;
      // Redis may be away, and then its answers wait for it; a signal must not.
      while (await unlessInterrupted(isWanted(), context.interrupted)) {
        if (performance.now() >= nextLookAt) {
          await unlessInterrupted(tellLeftAlone(session, told), context.interrupted);
          nextLookAt = performance.now() + LEFT_ALONE_CHECK_MS;
        }
        const pauseMs = flags.untilIdle ? IDLE_CHECK_MS : LEFT_ALONE_CHECK_MS;
        await sleep(pauseMs, undefined, { signal: context.interrupted });
      }
    } catch (error) {
      // A signal is how a worker is meant to end.
      if (!isInterrupt(error, context.interrupted)) throw error;
    }
    return EXIT.done;
  },
};

/** Says of each open run that workers like this one leave alone why they do, once. */
async function tellLeftAlone({ runs, identity, log }: Session, told: Set<string>): Promise<void> {
  for (const run of await runs.runs()) {
    const why = hasEnded(run) || told.has(run.runId) ? undefined : whyNotTaken(run, identity.config);
    if (why === undefined) continue;
    told.add(run.runId);
    log.warn(`Run ${run.runId} is left alone. It is ${why}.`);
  }
}
