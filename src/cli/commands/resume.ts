import { identify, type Identity } from '../../app/identity.ts';
import { resumeRun, type Resumed } from '../../app/runs/runControl.ts';
import { resumeEveryTenant, resumeTenant } from '../../app/runs/tenantStop.ts';
import { openForEveryTenant, openServices, type Services } from '../../app/services.ts';
import { count } from '../../app/words.ts';
import { visible } from '../../assignments/values/visible.ts';
import { STRATEGIES, type Strategy } from '../../assignments/kinds/kind.ts';
import { EXIT, type ExitCode } from '../../errors.ts';
import type { Context } from '../context.ts';
import {
  controlledAndWorked,
  everyTenantOption,
  expectRunOrAll,
  workOptions,
  type AllFlags,
  type WorkFlags,
} from '../controlFlags.ts';
import { draining } from '../draining.ts';
import { oneOf } from '../flags.ts';
import type { Printer } from '../terminal/print.ts';
import { tellNoWorkers } from '../terminal/tellWaits.ts';

interface ResumeFlags extends WorkFlags, AllFlags {
  readonly strategy?: Strategy;
}

export const resume = draining<ResumeFlags>({
  options: (command) =>
    void everyTenantOption(
      workOptions(command)
        .addOption(oneOf('--strategy <strategy>', 'how it goes on writing', STRATEGIES))
        .option('--all', 'end a `pause --all`: the runs of the tenant go on'),
    ),
  async run([name], flags, context) {
    expectRunOrAll(name, flags);
    if (flags.everyTenant) return resumeEvery(flags, context);
    if (flags.all) return resumeAll(flags, context);
    return controlledAndWorked(name, flags, context, async (run, services) => {
      const resumed = await resumeRun(run, flags.strategy, flags, services);
      context.print.say(inWords(run.runId, resumed, services.identity));
    });
  },
});

function inWords(runId: string, resumed: Resumed, { hint }: Identity): string {
  if (resumed.kind === 'resumed') return `Run ${runId} resumed.`;
  const { rows, awaitingApproval } = resumed;
  if (rows === 0)
    return `Run ${runId} has nothing left to do; \`${hint(`retry ${runId}`)}\` tries what failed again.`;
  const approved = awaitingApproval > 0 ? `, ${awaitingApproval} of them with their approvals` : '';
  return `Run ${runId} goes on with ${count(rows, 'row')}${approved}; what failed stays failed.`;
}

async function resumeAll(flags: ResumeFlags, context: Context): Promise<ExitCode> {
  const { print } = context;
  await using services = await openServices(identify(flags, context), context);
  const { tenant } = services.identity;
  const wasStopped = await resumeTenant(flags, services);
  print.say(wasStopped ? `Tenant ${tenant} goes on.` : `Tenant ${tenant} was not stopped.`);
  if (flags.json) print.json({ stopped: null });
  await tellLeftAlone(services, print);
  return EXIT.done;
}

async function resumeEvery(flags: ResumeFlags, context: Context): Promise<ExitCode> {
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
