import type { SharedFlags } from '../../config.ts';
import { EXIT, UserError } from '../../errors.ts';
import type { CliCommand } from '../context.ts';
import { failureBudget, numberIn, reasonOption } from '../flags.ts';
import { findOurRun, wrongState } from '../../app/runs/findRun.ts';
import { identify, sharedOptions } from '../../app/identity.ts';
import { logRun } from '../../app/runs/runLog.ts';
import { openSession } from '../../app/services.ts';
import { statusOf } from '../../app/work/work.ts';

interface SetFlags extends SharedFlags {
  readonly maxFailures?: string;
  readonly writesPerWindow?: number | 'off';
  readonly reason?: string;
  readonly json?: boolean;
}

export const set: CliCommand<SetFlags> = {
  options: (command) =>
    sharedOptions(command)
      .addOption(failureBudget('stop the run when more rows than this fail, or off'))
      .addOption(
        numberIn('--writes-per-window <n>', 'at most so many writes a window for this run, or off', {
          least: 1,
          most: 1_000_000,
          orOff: true,
        }),
      )
      .addOption(reasonOption())
      .option('--json', 'print the run as JSON'),
  async run([name = ''], flags, context) {
    const settings = settingsFrom(flags);
    await using session = await openSession(identify(flags, context), context);
    const { runs, identity } = session;
    const run = await findOurRun(name, runs, identity.tenant, context);
    if (run.state === 'completed' || run.state === 'cancelled')
      throw wrongState(
        run,
        run.state,
        'set',
        'Only a run that still goes on, or may, has settings to change.',
      );
    await runs.set(run.runId, settings);
    await logRun('set', run.runId, session, context, flags, settings);
    const changed = Object.entries(settings).map(([setting, value]) => `${WORDS[setting]} ${value || 'off'}`);
    context.print.say(`Run ${run.runId}: ${changed.join(', ')}, from its next batch on.`);
    const after = flags.json ? await runs.run(run.runId) : undefined;
    if (after) context.print.json(await statusOf(after, session));
    return EXIT.done;
  },
};

const WORDS: Readonly<Record<string, string>> = {
  maxFailures: 'max failures',
  writesPerWindow: 'writes a window',
};

/** @throws UserError (exit 2) when nothing is to be changed. */
function settingsFrom({ maxFailures, writesPerWindow }: SetFlags) {
  if (maxFailures === undefined && writesPerWindow === undefined)
    throw new UserError('What is to be changed is not said.', {
      remedy: 'Give --max-failures, --writes-per-window, or both.',
      exitCode: EXIT.badInput,
    });
  return {
    ...(maxFailures !== undefined && { maxFailures }),
    ...(writesPerWindow !== undefined && {
      writesPerWindow: writesPerWindow === 'off' ? null : writesPerWindow,
    }),
  };
}
