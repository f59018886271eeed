import { identify } from '../../app/identity.ts';
import { pauseRun } from '../../app/runs/runControl.ts';
import type { TenantElsewhere } from '../../app/runs/elsewhere.ts';
import { stopEveryTenant, stopTenant } from '../../app/runs/tenantStop.ts';
import { openForEveryTenant, openServices } from '../../app/services.ts';
import { baseName, count, duration } from '../../app/words.ts';
import { visible } from '../../assignments/values/visible.ts';
import { EXIT, type ExitCode } from '../../errors.ts';
import type { CliCommand, Context } from '../context.ts';
import {
  controlled,
  controlOptions,
  everyTenantOption,
  expectRunOrAll,
  type AllFlags,
  type ControlFlags,
} from '../controlFlags.ts';

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
  for (const each of notStopped) print.say(visible(`Not stopped: ${elsewhereInWords(each)}`));
  if (notStopped.length > 0)
    print.say('Each by a `pause --all --tenant` of its own, or all by `pause --all --every-tenant`.');
  await settled();
  print.say('From now on no request of any run leaves, also of runs to come.');
  print.say(`Go on with: ${hint('resume --all')}`);
  if (flags.json) print.json({ tenant, stopped: stop, notStopped });
  return EXIT.done;
}

async function pauseEveryTenant(flags: PauseFlags, context: Context): Promise<ExitCode> {
  const { print } = context;
  await using services = await openForEveryTenant(identify(flags, context), context);
  const { stop, tenants, lastPermitMs, settled } = await stopEveryTenant(flags, services);
  print.say(
    visible(
      `${count(tenants.length, 'tenant')} stopped: ${tenants.map(({ name }) => name).join(', ')}; what had its permit may go for ${duration(lastPermitMs / 1000)}.`,
    ),
  );
  await settled();
  print.say('From now on no request of any run of theirs leaves, also of runs to come.');
  print.say(`Go on with: ${services.identity.hint('resume --all --every-tenant')}`);
  if (flags.json) print.json({ stopped: stop, tenants });
  return EXIT.done;
}

/** `contoso.com, big.csv 60/300, small.csv 0/12` */
const elsewhereInWords = ({ name, runs }: TenantElsewhere): string =>
  [
    name,
    ...(runs.length === 0
      ? ['nothing at work or in line']
      : runs.map(({ file, done, total }) => `${baseName(file)} ${done}/${total}`)),
  ].join(', ');
