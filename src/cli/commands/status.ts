import { identify } from '../../app/identity.ts';
import { findRun } from '../../app/runs/findRun.ts';
import { STALLED_AFTER_MS } from '../../app/runs/health.ts';
import { queueLeft } from '../../app/runs/queueLeft.ts';
import { statusOf } from '../../app/runs/status.ts';
import { rollbackIdsOf } from '../../app/runs/rollbacks.ts';
import { tenantHealth } from '../../app/runs/tenantHealth.ts';
import { openServices, type Services } from '../../app/services.ts';
import { count } from '../../app/words.ts';
import { sharedOptions } from '../sharedFlags.ts';
import { tellDeadChannels } from '../terminal/channels.ts';
import { healthExitCode, healthJson, healthLine } from '../terminal/showHealth.ts';
import { showRun } from '../terminal/showRun.ts';
import { showRuns } from '../terminal/showRuns.ts';
import { tellStop } from '../terminal/tellWaits.ts';
import type { SharedFlags } from '../../config.ts';
import { EXIT, UserError, type ExitCode } from '../../errors.ts';
import { hasEnded } from '../../runs/run.ts';
import type { CliCommand, Context } from '../context.ts';
import { durationOption } from '../durationFlag.ts';

interface StatusFlags extends SharedFlags {
  readonly json?: boolean;
  readonly all?: boolean;
  readonly check?: boolean;
  /** Ms. */
  readonly stalledAfter?: number;
}

/** The newest runs, which are listed without --all. Those that have not ended always are. */
const SHOWN_MAX = 20;

export const status: CliCommand<StatusFlags> = {
  options: (command) =>
    sharedOptions(command)
      .option('--all', `every run, not only the newest ${SHOWN_MAX} and the open ones`)
      .option('--check', 'one line for monitoring: exit 0 fine, 1 rows failed, 3 stopped, stalled or overdue')
      .addOption(
        durationOption(
          '--stalled-after <time>',
          'with --check: how long a run may go without a row that comes to its end; 5m',
        ),
      )
      .option('--json', 'print JSON'),
  async run([name], flags, context) {
    if (flags.stalledAfter !== undefined && !flags.check) throw onlyWithCheck();
    await using services = await openServices(identify(flags, context), context);
    if (flags.check) return await check(name, flags, services, context);
    const { identity, runs: record } = services;
    const stop = await record.stopped();
    await queueLeft(services);
    if (name !== undefined) {
      const found = await findRun(name, services);
      const run = {
        ...(await statusOf(found, services)),
        rollbacks: rollbackIdsOf(found, await record.runs()),
      };
      if (flags.json) context.print.json(run);
      else showRun(run, stop, identity, context.print);
      return EXIT.done;
    }
    const all = await record.runs();
    const left = new Set(flags.all ? [] : all.slice(SHOWN_MAX).filter(hasEnded));
    const shown = all.filter((run) => !left.has(run));
    const runs = await Promise.all(shown.map((run) => statusOf(run, services)));
    if (flags.json) context.print.json(runs);
    else {
      await tellStop(services, context.print);
      showRuns(runs, stop, identity.tenant, context.print);
      tellDeadChannels(runs, context.print);
    }
    if (left.size > 0)
      context.print.say(
        `… and ${count(left.size, 'older run')} that ended: ${identity.hint('status --all')}`,
      );
    return EXIT.done;
  },
};

async function check(
  name: string | undefined,
  { json, stalledAfter = STALLED_AFTER_MS }: StatusFlags,
  services: Services,
  { print }: Context,
): Promise<ExitCode> {
  const only = name === undefined ? undefined : await findRun(name, services);
  const health = await tenantHealth(only, stalledAfter, services);
  if (json) print.json(healthJson(health, services.identity));
  else print.data(healthLine(health, services.identity));
  return healthExitCode(health);
}

const onlyWithCheck = (): UserError =>
  new UserError('--stalled-after says something about --check, which is not there.', {
    remedy: 'Add --check, or leave --stalled-after out.',
    exitCode: EXIT.badInput,
  });
