import { pauseRun } from '../../app/runs/runControl.ts';
import type { CliCommand } from '../context.ts';
import {
  controlled,
  controlOptions,
  everyTenantOption,
  expectRunOrAll,
  type AllFlags,
  type ControlFlags,
} from '../controlFlags.ts';
import { pauseEveryTenant, pauseTenant } from '../tenantControl.ts';

type PauseFlags = ControlFlags & AllFlags;

export const pause: CliCommand<PauseFlags> = {
  options: (command) =>
    void everyTenantOption(
      controlOptions(command).option(
        '--all',
        'stop the whole tenant: no request of any run leaves, also of runs to come, until `resume --all`',
      ),
    ),
  async run([name], flags, context) {
    expectRunOrAll(name, flags);
    if (flags.everyTenant) return pauseEveryTenant(flags, context);
    if (flags.all) return pauseTenant(flags, context);
    return controlled(name, flags, context, async (run, services) => {
      await pauseRun(run, flags, services);
      const goOn = services.identity.hint(`resume ${run.runId}`);
      context.print.say(`Run ${run.runId} paused. Go on with: ${goOn}`);
    });
  },
};
