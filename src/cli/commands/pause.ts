import { identify } from '../../app/identity.ts';
import { pauseRun } from '../../app/runs/runControl.ts';
import { stopTenant } from '../../app/runs/tenantStop.ts';
import { openServices } from '../../app/services.ts';
import { duration } from '../../app/words.ts';
import { visible } from '../../assignments/values/visible.ts';
import { EXIT, type ExitCode } from '../../errors.ts';
import type { CliCommand, Context } from '../context.ts';
import { controlled, controlOptions, expectRunOrAll, type ControlFlags } from '../controlFlags.ts';

interface PauseFlags extends ControlFlags {
  readonly all?: boolean;
}

export const pause: CliCommand<PauseFlags> = {
  options: (command) =>
    controlOptions(command).option(
      '--all',
      'stop the whole tenant: no request of any run leaves, also of runs to come, until `resume --all`',
    ),
  async run([name], flags, context) {
    expectRunOrAll(name, flags);
    if (flags.all) return pauseAll(flags, context);
    return controlled(name, flags, context, async (run, services) => {
      await pauseRun(run, flags, services);
      const goOn = services.identity.hint(`resume ${run.runId}`);
      context.print.say(`Run ${run.runId} paused. Go on with: ${goOn}`);
    });
  },
};

async function pauseAll(flags: PauseFlags, context: Context): Promise<ExitCode> {
  const { print } = context;
  await using services = await openServices(identify(flags, context), context);
  const { tenant, hint } = services.identity;
  const { stop, notStopped, lastPermitMs, settled } = await stopTenant(flags, services);
  print.say(`Tenant ${tenant} is stopped; what had its permit may go for ${duration(lastPermitMs / 1000)}.`);
  if (notStopped.length > 0)
    print.say(
      `Not stopped, each by a \`pause --all --tenant\` of its own: ${visible(notStopped.join(', '))}.`,
    );
  await settled();
  print.say('From now on no request of any run leaves, also of runs to come.');
  print.say(`Go on with: ${hint('resume --all')}`);
  if (flags.json) print.json({ tenant, stopped: stop, notStopped });
  return EXIT.done;
}
