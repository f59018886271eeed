import { setMaxListeners } from 'node:events';
import { identify, signIn } from '../../app/identity.ts';
import { isInterrupt } from '../../app/interrupt.ts';
import { workedOnSince } from '../../app/runs/workedOn.ts';
import { openServices } from '../../app/services.ts';
import { serve } from '../../app/work/serve.ts';
import type { SharedFlags } from '../../config.ts';
import { EXIT, type ExitCode } from '../../errors.ts';
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
      setMaxListeners(0, context.interrupted);
      try {
        const identity = await signIn(identify(flags, context), context);
        await using services = await openServices(identity, context, 'wait');
        // Runs end by Redis' clock, whatever this machine's shows.
        const workedOn = untilIdle ? await workedOnSince(await services.runs.now(), services) : undefined;
        await serve({ untilIdle }, services);
        return workedOn === undefined ? EXIT.done : worstExitCode(await workedOn.runs());
      } catch (error) {
        if (!isInterrupt(error, context.interrupted)) throw error;
        return interruptedCode({ untilIdle });
      }
    },
  },
  interruptedCode,
);

/** A signal is how a worker is meant to end; not one that has yet to end what there is. */
function interruptedCode({ untilIdle = false }: WorkerFlags): ExitCode {
  return untilIdle ? EXIT.interrupted : EXIT.done;
}
