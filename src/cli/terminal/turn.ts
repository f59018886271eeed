import type { Command } from 'commander';
import { EXIT, UserError } from '../../errors.ts';
import type { Run } from '../../runs/run.ts';
import { canAsk, choose } from './ask.ts';
import type { Context } from '../context.ts';
import { durationOption } from '../durationFlag.ts';
import { dueBefore } from '../../app/runs/dueRuns.ts';
import type { Services } from '../../app/services.ts';
import { count } from '../../app/words.ts';
import { visible } from '../../assignments/values/visible.ts';

/** The flags of a command that works on a run of its own here. */
export interface TurnFlags {
  readonly withQueued?: boolean;
  readonly yes?: boolean;
  /** Ms. */
  readonly wait?: number;
}

export const turnOptions = (command: Command): Command =>
  command
    .option('--with-queued', 'work also on the runs that are due before this one; otherwise it asks')
    .addOption(
      durationOption(
        '--wait <time>',
        'give up, with the run paused and exit 3, when it has waited so long for other runs or a stop; as 10m',
      ),
    );

/** Runs that are named one by one. */
const NAMED_MAX = 5;

/**
 * The runs that are worked on here besides the command's own one: those that are due before it, if that is what is wanted. Undefined
 * when nothing is to be done at all.
 * @param runId the run, when there is one already
 * @throws UserError (exit 3) when there are some, and nobody to say what shall become of them
 */
export async function takeTurn(
  runId: string | undefined,
  flags: TurnFlags,
  services: Services,
  context: Context,
): Promise<readonly string[] | undefined> {
  const due = await dueBefore(runId, services);
  const ids = due.map((run) => run.runId);
  if (due.length === 0 || flags.withQueued) return ids;
  const { print } = context;
  const them = due.length === 1 ? 'it' : 'them';
  const which = `${count(due.length, 'other run')} of this tenant ${due.length === 1 ? 'is' : 'are'} due before this one`;
  if (flags.yes || !canAsk(context))
    throw new UserError(`${which}: ${named(due)}.`, {
      remedy: `Add --with-queued to work on ${them} too, let a \`retarget worker\` work ${them} off, or cancel ${them}. Nothing was changed.`,
      exitCode: EXIT.stoppedEarly,
    });
  print.say(visible(`${which}, and nobody is at work on ${them}:`));
  for (const run of due) print.say(visible(`  ${inWords(run)}`));
  switch (await choose('Work on', ['theirs too', 'only mine', 'nothing'], context)) {
    case 'theirs too':
      return ids;
    case 'only mine':
      return [];
    default:
      print.say('Nothing was changed.');
      return undefined;
  }
}

const inWords = ({ runId, source, counts }: Run): string =>
  `${runId} (${source.name}, ${count(counts.pending, 'row')})`;

const named = (due: readonly Run[]): string =>
  visible(due.slice(0, NAMED_MAX).map(inWords).join(', ') + (due.length > NAMED_MAX ? ', …' : ''));
