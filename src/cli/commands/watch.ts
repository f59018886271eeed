import type { SharedFlags } from '../../config.ts';
import { EXIT } from '../../errors.ts';
import { hasEnded } from '../../runs/run.ts';
import type { CliCommand } from '../context.ts';
import { findRun } from '../../app/runs/findRun.ts';
import { identify, sharedOptions } from '../../app/identity.ts';
import { openSession } from '../../app/services.ts';
import type { HasWorkers } from '../../app/runs/whyWaiting.ts';
import { followRun, statusOf, summary } from '../../app/work/work.ts';

interface WatchFlags extends SharedFlags {
  readonly json?: boolean;
}

export const watch: CliCommand<WatchFlags> = {
  options: (command) => sharedOptions(command).option('--json', 'print the run as JSON when it has ended'),
  async run([name = ''], flags, context) {
    await using session = await openSession(identify(flags, context), context);
    const { tenant } = session.identity;
    const { runId } = await findRun(name, session.runs, tenant, context);
    const hasWorkers: HasWorkers = (each) => session.producer.hasWorkers(each);
    const run = await followRun(runId, session, context, hasWorkers);
    if (flags.json) context.print.json(await statusOf(run, session));
    // A signal ends the watching, not the run.
    return hasEnded(run) ? summary(run, session, context) : EXIT.interrupted;
  },
};
