import { setMaxListeners } from 'node:events';
import { identify, signIn } from '../../app/identity.ts';
import { isInterrupt } from '../../app/interrupt.ts';
import { workedOnSince } from '../../app/runs/workedOn.ts';
import { openServices } from '../../app/services.ts';
import { serve } from '../../app/work/serve.ts';
import type { SharedFlags } from '../../config.ts';
import { EXIT } from '../../errors.ts';
import { draining, type DrainFlags } from '../draining.ts';
import { sharedOptions } from '../sharedFlags.ts';
import { worstExitCode } from '../terminal/runSummary.ts';

interface WorkerFlags extends SharedFlags, DrainFlags {
  readonly untilIdle?: boolean;
}

export const worker = draining<WorkerFlags>(
  {
    options: (command) =>
      sharedOptions(command).option(
        '--until-idle',
        'end when no run of this tenant has anything left to do, with what became of them',
      ),
    async run(_args, { untilIdle = false, ...flags }, context) {
      const startedAt = Date.now();
      setMaxListeners(0, context.interrupted);
      try {
        const identity = await signIn(identify(flags, context), context);
        await using services = await openServices(identity, context, 'wait');
        const workedOn = untilIdle ? await workedOnSince(startedAt, services) : undefined;
        await serve({ untilIdle }, services);
        return workedOn === undefined ? EXIT.done : worstExitCode(await workedOn.runs());
      } catch (error) {
        // A signal is how a worker is meant to end, also one that ends when idle.
        if (!isInterrupt(error, context.interrupted)) throw error;
        return EXIT.done;
      }
    },
  },
  EXIT.done,
);
