import { setTimeout as sleep } from 'node:timers/promises';
import type { SharedFlags } from '../config.ts';
import { EXIT } from '../errors.ts';
import type { CliCommand } from './context.ts';
import { identify, openSession, sharedOptions, signedIn } from './session.ts';
import { openWorker } from './work.ts';

/** How often a worker that ends when idle looks whether it is. */
const IDLE_CHECK_MS = 500;

interface WorkerFlags extends SharedFlags {
  readonly untilIdle?: boolean;
}

export const worker: CliCommand<WorkerFlags> = {
  options: (command) =>
    sharedOptions(command).option('--until-idle', 'end when no run of this tenant has anything left to do'),
  async run(_args, flags, context) {
    const identity = await identify(flags, context);
    signedIn(identity);
    await using session = await openSession(identity, context, 'wait');
    await using working = await openWorker(session);
    session.log.info(
      `Working for tenant ${identity.tenant} at ${identity.config.graphUrl}, up to ${identity.pace.writesPerWindow} writes in ${identity.pace.windowMs / 1000} s.`,
    );
    while (!context.interrupted.aborted) {
      if (flags.untilIdle && (await working.isIdle())) break;
      await sleep(flags.untilIdle ? IDLE_CHECK_MS : 60_000, undefined, { signal: context.interrupted }).catch(
        () => undefined,
      );
    }
    if (context.interrupted.aborted) session.log.info('Finishing what is in flight.');
    return EXIT.done;
  },
};
