import { retryRun } from '../../app/runs/runControl.ts';
import { count } from '../../app/words.ts';
import { STRATEGIES, type Strategy } from '../../assignments/kinds/kind.ts';
import { controlledAndWorked, workOptions, type WorkFlags } from '../controlFlags.ts';
import { draining } from '../draining.ts';
import { oneOf } from '../flags.ts';
import { selectionOptions, type SelectionFlags } from '../selectionFlags.ts';

interface RetryFlags extends WorkFlags, SelectionFlags {
  readonly strategy?: Strategy;
}

export const retry = draining<RetryFlags>({
  options: (command) =>
    void selectionOptions(workOptions(command)).addOption(
      oneOf('--strategy <strategy>', 'how it goes on writing', STRATEGIES),
    ),
  run: ([name], flags, context) =>
    controlledAndWorked(name, flags, context, async (run, services) => {
      const { where, rows, strategy } = flags;
      const opened = await retryRun(run, { where, rows, strategy }, flags, services);
      const isPart = where !== undefined || rows !== undefined;
      context.print.say(
        opened === 0
          ? `No row of this run${isPart ? ' that is meant' : ''} failed or was left out.`
          : `${count(opened, 'row')} of run ${run.runId} will be tried again.`,
      );
    }),
});
