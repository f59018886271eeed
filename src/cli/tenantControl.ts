import { identify } from '../app/identity.ts';
import type { TenantElsewhere } from '../app/runs/elsewhere.ts';
import { resumeEveryTenant, resumeTenant, stopEveryTenant, stopTenant } from '../app/runs/tenantStop.ts';
import { openForEveryTenant, openServices, type Services } from '../app/services.ts';
import { baseName, count, duration } from '../app/words.ts';
import { visible } from '../assignments/values/visible.ts';
import { EXIT, type ExitCode } from '../errors.ts';
import type { Context } from './context.ts';
import type { AllFlags, ControlFlags } from './controlFlags.ts';
import type { Printer } from './terminal/print.ts';
import { tellNoWorkers } from './terminal/tellWaits.ts';

type TenantFlags = ControlFlags & AllFlags;

/** Stops the tenant, and answers when nothing of it can leave any more. */
export async function pauseTenant(flags: TenantFlags, context: Context): Promise<ExitCode> {
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

/** The same for every tenant of this Redis. */
export async function pauseEveryTenant(flags: TenantFlags, context: Context): Promise<ExitCode> {
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

/** Ends the stop of the tenant. */
export async function resumeTheTenant(flags: TenantFlags, context: Context): Promise<ExitCode> {
  const { print } = context;
  await using services = await openServices(identify(flags, context), context);
  const { tenant } = services.identity;
  const wasStopped = await resumeTenant(flags, services);
  print.say(wasStopped ? `Tenant ${tenant} goes on.` : `Tenant ${tenant} was not stopped.`);
  if (flags.json) print.json({ stopped: null });
  await tellLeftAlone(services, print);
  return EXIT.done;
}

/** Ends the stop of every tenant that has one. */
export async function resumeEvery(flags: TenantFlags, context: Context): Promise<ExitCode> {
  const { print } = context;
  await using services = await openForEveryTenant(identify(flags, context), context);
  const tenants = await resumeEveryTenant(flags, services);
  print.say(
    tenants.length === 0
      ? 'No tenant of this Redis was stopped.'
      : visible(
          `${count(tenants.length, 'tenant')} let go on: ${tenants.map(({ name }) => name).join(', ')}.`,
        ),
  );
  if (flags.json) print.json({ stopped: null, tenants });
  return EXIT.done;
}

/** Of the tenant's runs that are let go on, some may be worked on by the command that made them, and some by nobody. */
async function tellLeftAlone(services: Services, print: Printer): Promise<void> {
  for (const { runId, state } of await services.runs.line()) {
    if (state !== 'queued' && state !== 'running') continue;
    if (!(await services.producer.hasWorkers(runId))) return tellNoWorkers(services, print, '');
  }
}
