import type { SharedFlags } from '../../config.ts';
import { EXIT } from '../../errors.ts';
import type { CliCommand } from '../context.ts';
import { endsIn, findRun } from '../../app/runs/findRun.ts';
import { identify } from '../../app/identity.ts';
import { openServices, type Services } from '../../app/services.ts';
import { sharedOptions } from '../sharedFlags.ts';
import { logEntryJson, showLog } from '../terminal/showLog.ts';
import { count } from '../../app/words.ts';

interface LogFlags extends SharedFlags {
  readonly json?: boolean;
  readonly all?: boolean;
}

/** Entries that are shown without --all: a run may be paused and resumed every night for a month. */
const SHOWN_MAX = 200;

export const log: CliCommand<LogFlags> = {
  options: (command) =>
    sharedOptions(command)
      .option('--all', `every entry, not only the ${SHOWN_MAX} newest`)
      .option('--json', 'print JSON'),
  async run([name], flags, context) {
    await using services = await openServices(identify(flags, context), context);
    const { runs, identity } = services;
    const runId = name === undefined ? undefined : await runIdOf(name, services);
    const entries = await runs.told(runId, flags.all ? undefined : SHOWN_MAX);
    const earlier = (await runs.toldCount(runId)) - entries.length;
    if (earlier > 0)
      context.print.say(
        `… ${count(earlier, 'earlier entry', 'earlier entries')}: ${identity.hint(['log', ...(runId === undefined ? [] : [runId]), '--all'].join(' '))}`,
      );
    if (flags.json) context.print.json(entries.map(logEntryJson));
    else if (entries.length === 0)
      context.print.say(
        `Nothing was written into the log of ${runId === undefined ? `tenant ${identity.tenant}` : 'this run'}.`,
      );
    else showLog(entries, runId === undefined, context.print);
    return EXIT.done;
  },
};

/** A log outlives its run, so it is asked for first; so does the tenant's, which knows the ids of runs that are gone. */
async function runIdOf(name: string, services: Services): Promise<string> {
  const { runs } = services;
  const isTold = /^[\w-]+$/.test(name) && (await runs.toldCount(name)) > 0;
  if (isTold) return name;
  const known = (await runs.runs()).some(({ runId }) => endsIn(runId, name));
  if (name !== '@last' && !known) {
    const told = (await runs.told(undefined)).flatMap(({ run = '' }) => (endsIn(run, name) ? [run] : []));
    const [only, ...others] = new Set(told);
    if (only !== undefined && others.length === 0) return only;
  }
  return (await findRun(name, services)).runId;
}
