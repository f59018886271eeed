import { identify } from '../../app/identity.ts';
import { findRun } from '../../app/runs/findRun.ts';
import { follow } from '../../app/runs/follow.ts';
import { Patience } from '../../app/runs/patience.ts';
import { statusOf } from '../../app/runs/status.ts';
import { openServices } from '../../app/services.ts';
import type { SharedFlags } from '../../config.ts';
import { EXIT } from '../../errors.ts';
import { hasEnded } from '../../runs/run.ts';
import type { CliCommand } from '../context.ts';
import { durationOption } from '../durationFlag.ts';
import { sharedOptions } from '../sharedFlags.ts';
import { FollowedRun } from '../terminal/followed.ts';
import { summary } from '../terminal/runSummary.ts';

interface WatchFlags extends SharedFlags {
  readonly json?: boolean;
  /** Ms. */
  readonly wait?: number;
}

export const watch: CliCommand<WatchFlags> = {
  options: (command) =>
    sharedOptions(command)
      .option('--json', 'print the run as JSON when it has ended')
      .addOption(
        durationOption(
          '--wait <time>',
          'give up, with exit 3, when it has waited so long for other runs, a worker or a stop; as 10m',
        ),
      ),
  async run([name = ''], flags, context) {
    await using services = await openServices(identify(flags, context), context);
    let run = await findRun(name, services);
    const patience = new Patience(flags.wait);
    let isGivenUp = false;
    const followed = new FollowedRun(services, context, { namesWorkers: true });
    try {
      for await (const sighting of follow(run.runId, services)) {
        run = sighting.run;
        isGivenUp = !sighting.isLast && patience.isOver(sighting);
        followed.show({ ...sighting, isLast: sighting.isLast || isGivenUp });
        if (isGivenUp) break;
      }
    } finally {
      followed.end();
    }
    if (flags.json) context.print.json(await statusOf(run, services));
    if (isGivenUp) {
      context.print.say(`Not watched any more: run ${run.runId} has waited for too long. It stays as it is.`);
      return EXIT.stoppedEarly;
    }
    // A signal ends the watching, not the run.
    return hasEnded(run) ? summary(run, services, context) : EXIT.interrupted;
  },
};
