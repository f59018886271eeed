import type { SharedFlags } from '../config.ts';
import { EXIT } from '../errors.ts';
import type { LogEntry } from '../runs/runReader.ts';
import type { CliCommand, Context } from './context.ts';
import { findRun } from './findRun.ts';
import { identify, sharedOptions } from './identity.ts';
import { openSession, type Session } from './session.ts';

interface LogFlags extends SharedFlags {
  readonly json?: boolean;
}

export const log: CliCommand<LogFlags> = {
  options: (command) => sharedOptions(command).option('--json', 'print JSON'),
  async run([name = ''], flags, context) {
    await using session = await openSession(identify(flags, context), context);
    const entries = await entriesOf(name, session, context);
    if (flags.json) context.print.json(entries.map(asJson));
    else if (entries.length === 0) context.print.say('Nothing was written into the log of this run.');
    else context.print.table(['TIME', 'WHO', 'WHAT', 'REASON', 'DETAILS'], entries.map(asRow));
    return EXIT.done;
  },
};

/** A log outlives its run, so it is asked for first. */
async function entriesOf(
  name: string,
  { runs, identity }: Session,
  context: Context,
): Promise<readonly LogEntry[]> {
  const told = /^[\w-]+$/.test(name) ? await runs.told(name) : [];
  if (told.length > 0) return told;
  return runs.told((await findRun(name, runs, identity.tenant, context)).runId);
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
  inWords(details),
];

/** What belongs to the action, the command line last. */
function inWords({ arguments: argv, ...others }: NonNullable<LogEntry['details']> = {}): string {
  const said = Object.entries(others).map(([name, value]) => `${name} ${textOf(value)}`);
  return [...said, ...(Array.isArray(argv) ? [`retarget ${argv.join(' ')}`] : [])].join('; ');
}

const textOf = (value: unknown): string =>
  Array.isArray(value)
    ? value.map(textOf).join(',')
    : typeof value === 'string'
      ? value
      : JSON.stringify(value);
