import { setRun, type RunSettings } from '../../app/runs/runControl.ts';
import { EXIT, UserError } from '../../errors.ts';
import type { CliCommand } from '../context.ts';
import { controlled, controlOptions, type ControlFlags } from '../controlFlags.ts';
import { failureBudget, numberIn } from '../flags.ts';

interface SetFlags extends ControlFlags {
  readonly maxFailures?: string;
  readonly writesPerWindow?: number | 'off';
}

export const set: CliCommand<SetFlags> = {
  options: (command) =>
    void controlOptions(command)
      .addOption(failureBudget('stop the run when more rows than this fail, or off'))
      .addOption(
        numberIn('--writes-per-window <n>', 'at most so many writes a window for this run, or off', {
          least: 1,
          most: 1_000_000,
          orOff: true,
        }),
      ),
  async run([name], flags, context) {
    const settings = settingsFrom(flags);
    return controlled(name, flags, context, async (run, services) => {
      await setRun(run, settings, flags, services);
      const changed = Object.entries(settings).map(
        ([setting, value]) => `${WORDS[setting]} ${value || 'off'}`,
      );
      context.print.say(`Run ${run.runId}: ${changed.join(', ')}, from its next batch on.`);
    });
  },
};

const WORDS: Readonly<Record<string, string>> = {
  maxFailures: 'max failures',
  writesPerWindow: 'writes a window',
};

/** @throws UserError (exit 2) when nothing is to be changed. */
function settingsFrom({ maxFailures, writesPerWindow }: SetFlags): RunSettings {
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
