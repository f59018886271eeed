import { identify } from '../../app/identity.ts';
import { findRun } from '../../app/runs/findRun.ts';
import { follow } from '../../app/runs/follow.ts';
import { statusOf } from '../../app/runs/status.ts';
import { openServices } from '../../app/services.ts';
import type { SharedFlags } from '../../config.ts';
import { EXIT } from '../../errors.ts';
import { hasEnded } from '../../runs/run.ts';
import type { CliCommand } from '../context.ts';
import { sharedOptions } from '../sharedFlags.ts';
import { FollowedRun } from '../terminal/followed.ts';
import { summary } from '../terminal/runSummary.ts';

interface WatchFlags extends SharedFlags {
  readonly json?: boolean;
}

export const watch: CliCommand<WatchFlags> = {
  options: (command) => sharedOptions(command).option('--json', 'print the run as JSON when it has ended'),
  async run([name = ''], flags, context) {
    await using services = await openServices(identify(flags, context), context);
    let run = await findRun(name, services);
    const followed = new FollowedRun(services, context);
    try {
      for await (const sighting of follow(run.runId, services)) {
        run = sighting.run;
        followed.show(sighting);
      }
    } finally {
      followed.end();
    }
    if (flags.json) context.print.json(await statusOf(run, services));
    // A signal ends the watching, not the run.
    return hasEnded(run) ? summary(run, services, context) : EXIT.interrupted;
  },
};
