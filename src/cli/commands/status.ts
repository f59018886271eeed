import { identify } from '../../app/identity.ts';
import { findRun } from '../../app/runs/findRun.ts';
import { queueLeft } from '../../app/runs/queueLeft.ts';
import { statusOf } from '../../app/runs/status.ts';
import { openServices } from '../../app/services.ts';
import { count } from '../../app/words.ts';
import { sharedOptions } from '../sharedFlags.ts';
import { showRun } from '../terminal/showRun.ts';
import { showRuns } from '../terminal/showRuns.ts';
import { tellStop } from '../terminal/tellWaits.ts';
import type { SharedFlags } from '../../config.ts';
import { EXIT } from '../../errors.ts';
import { hasEnded } from '../../runs/run.ts';
import type { CliCommand } from '../context.ts';

interface StatusFlags extends SharedFlags {
  readonly json?: boolean;
  readonly all?: boolean;
}

/** The newest runs, which are listed without --all. Those that have not ended always are. */
const SHOWN_MAX = 20;

export const status: CliCommand<StatusFlags> = {
  options: (command) =>
    sharedOptions(command)
      .option('--all', `every run, not only the newest ${SHOWN_MAX} and the open ones`)
      .option('--json', 'print JSON'),
  async run([name], flags, context) {
    await using services = await openServices(identify(flags, context), context);
    const { identity, runs: record } = services;
    const stop = await record.stopped();
    await queueLeft(services);
    if (name !== undefined) {
      const run = await statusOf(await findRun(name, services), services);
      if (flags.json) context.print.json(run);
      else showRun(run, stop, identity, context.print);
      return EXIT.done;
    }
    const all = await record.runs();
    const left = new Set(flags.all ? [] : all.slice(SHOWN_MAX).filter(hasEnded));
    const shown = all.filter((run) => !left.has(run));
    const runs = await Promise.all(shown.map((run) => statusOf(run, services)));
    if (flags.json) context.print.json(runs);
    else {
      await tellStop(services, context.print);
      showRuns(runs, stop, identity.tenant, context.print);
    }
    if (left.size > 0)
      context.print.say(
        `… and ${count(left.size, 'older run')} that ended: ${identity.hint('status --all')}`,
      );
    return EXIT.done;
  },
};
