import { cancelRun } from '../../app/runs/runControl.ts';
import { count } from '../../app/words.ts';
import type { CliCommand } from '../context.ts';
import { controlled, controlOptions, type ControlFlags } from '../controlFlags.ts';
import { tellNoWorkers } from '../terminal/tellWaits.ts';

export const cancel: CliCommand<ControlFlags> = {
  options: (command) => void controlOptions(command),
  run: ([name], flags, context) =>
    controlled(name, flags, context, async (run, services) => {
      const { runId } = run;
      const { print } = context;
      const { rows, inDoubt, landingMs } = await cancelRun(run, flags, services);
      print.say(`Run ${runId} cancelled: ${count(rows, 'row')} not written.`);
      if (inDoubt === 0) return;
      const them = inDoubt === 1 ? 'it' : 'them';
      const watch = services.identity.hint(`watch ${runId}`);
      print.say(
        `${count(inDoubt, 'write')} in doubt: sent, and nobody knows yet what became of ${them}. A worker settles each as what is there, up to ${Math.ceil(landingMs / 1000)} s after it could not be found: ${watch}`,
      );
      await tellNoWorkers(services, print, '', runId);
    }),
};
