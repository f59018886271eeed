import type { Identity } from '../../app/identity.ts';
import { resumeRun, type Resumed } from '../../app/runs/runControl.ts';
import { count } from '../../app/words.ts';
import { STRATEGIES, type Strategy } from '../../assignments/kinds/kind.ts';
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
import { resumeEvery, resumeTheTenant } from '../tenantControl.ts';

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
    if (flags.all) return resumeTheTenant(flags, context);
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
