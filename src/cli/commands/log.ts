import type { SharedFlags } from '../../config.ts';
import { EXIT } from '../../errors.ts';
import type { LogEntry } from '../../runs/runReader.ts';
import type { CliCommand } from '../context.ts';
import { findRun } from '../../app/runs/findRun.ts';
import { identify } from '../../app/identity.ts';
import { openServices, type Services } from '../../app/services.ts';
import { sharedOptions } from '../sharedFlags.ts';
import { count, shortened } from '../../app/words.ts';

interface LogFlags extends SharedFlags {
  readonly json?: boolean;
  readonly all?: boolean;
}

/** Entries that are shown without --all: a run may be paused and resumed every night for a month. */
const SHOWN_MAX = 200;
/** A command line may have any length; --json has all of it. */
const DETAILS_CHARS_MAX = 500;

export const log: CliCommand<LogFlags> = {
  options: (command) =>
    sharedOptions(command)
      .option('--all', `every entry, not only the ${SHOWN_MAX} newest`)
      .option('--json', 'print JSON'),
  async run([name = ''], flags, context) {
    await using services = await openServices(identify(flags, context), context);
    const runId = await runIdOf(name, services);
    const entries = await services.runs.told(runId, flags.all ? undefined : SHOWN_MAX);
    const earlier = (await services.runs.toldCount(runId)) - entries.length;
    if (earlier > 0)
      context.print.say(
        `… ${count(earlier, 'earlier entry', 'earlier entries')}: ${services.identity.hint(`log ${runId} --all`)}`,
      );
    if (flags.json) context.print.json(entries.map(asJson));
    else if (entries.length === 0) context.print.say('Nothing was written into the log of this run.');
    else context.print.table(LOG_HEADINGS, entries.map(asRow), { wrapsLast: true });
    return EXIT.done;
  },
};

const LOG_HEADINGS = ['TIME', 'WHO', 'WHAT', 'REASON', 'DETAILS'];

/** A log outlives its run, so it is asked for first. */
async function runIdOf(name: string, services: Services): Promise<string> {
  const isTold = /^[\w-]+$/.test(name) && (await services.runs.toldCount(name)) > 0;
  return isTold ? name : (await findRun(name, services)).runId;
}

const asJson = ({ at, operator, action, reason = null, details = {} }: LogEntry) => ({
  at: new Date(at).toISOString(),
  operator,
  action,
  reason,
  details,
});

const asRow = ({ at, operator, action, reason, details }: LogEntry): string[] => [
  new Date(at).toISOString(),
  operator,
  action,
  reason ?? '',
  shortened(inWords(details), DETAILS_CHARS_MAX),
];

/** What belongs to the action, the command line last. */
function inWords({ arguments: argv, ...others }: NonNullable<LogEntry['details']> = {}): string {
  const said = Object.entries(others).map(([name, value]) => `${name} ${textOf(value)}`);
  return [...said, ...(Array.isArray(argv) ? [`retarget ${argv.join(' ')}`] : [])].join('; ');
}

const textOf = (value: unknown): string =>
  Array.isArray(value)
    ? value.map(textOf).join(', ')
    : typeof value === 'string'
      ? value
      : JSON.stringify(value);
