import { identify, isTenantSure, signIn } from '../../app/identity.ts';
import { expectJustified } from '../../app/plan/justification.ts';
import {
  draftRollback,
  publishRollback,
  writtenBy,
  type RollbackDraft,
  type RollbackSource,
} from '../../app/rollback/rollback.ts';
import type { Written } from '../../app/rollback/writtenRows.ts';
import { findRun } from '../../app/runs/findRun.ts';
import { selectorFrom } from '../../app/runs/selection.ts';
import { statusOfId } from '../../app/runs/status.ts';
import { openServices, type Services } from '../../app/services.ts';
import { EXIT, UserError, type ExitCode } from '../../errors.ts';
import type { Context } from '../context.ts';
import { workOptions, type WorkFlags } from '../controlFlags.ts';
import { draining } from '../draining.ts';
import { allowedBy, changeLimits, JUSTIFICATION, justificationFrom, notifyOption } from '../planFlags.ts';
import type { ScheduleTexts } from '../../app/schedule/scheduleFrom.ts';
import { scheduleOf, scheduleOptions } from '../scheduleFlags.ts';
import { selectionOptions, type SelectionFlags } from '../selectionFlags.ts';
import { canAsk, nobodyToAsk } from '../terminal/ask.ts';
import { mayChange } from '../terminal/askPlan.ts';
import { workShown } from '../terminal/followed.ts';
import { showInverses } from '../terminal/showInverses.ts';
import { showPlan } from '../terminal/showPlan.ts';
import { tellSchedule } from '../terminal/tellSchedule.ts';
import { tellNoWorkers, tellStop } from '../terminal/tellWaits.ts';
import { takeTurn } from '../terminal/turn.ts';

interface RollbackFlags extends WorkFlags, SelectionFlags, ScheduleTexts {
  readonly from?: string;
  readonly force?: boolean;
  readonly includeUnrecorded?: boolean;
  readonly dryRun?: boolean;
  readonly details?: boolean;
  readonly yes?: boolean;
  readonly planDir?: string;
  readonly justification?: string;
  readonly notify?: readonly string[];
}

/** The guard of a rollback shows what it finds and stops nothing. */
const SHOWN = { offline: false, limits: changeLimits({}), allowed: allowedBy({}), saveTo: [] } as const;

export const rollback = draining<RollbackFlags>({
  options: (command) =>
    void scheduleOptions(selectionOptions(workOptions(command)))
      .option('--from <plan>', 'take back what a plan file has changed, also when Redis knows nothing of it')
      .option('--force', 'put back also what somebody has changed since')
      .option(
        '--include-unrecorded',
        "put back, from the run's plan, also what was found so with no write on record",
      )
      .option('--details', 'show every row that the guard found something of, not a screen of causes')
      .option('--dry-run', 'show what would be put back; with --json the plan as JSON')
      .option('--yes', 'do not ask')
      .option(
        '--plan-dir <directory>',
        'where the plan of the rollback is kept; otherwise in the data directory',
      )
      .addOption(notifyOption())
      .option(...JUSTIFICATION),
  async run([name], flags, context) {
    const asked = sourceOf(name, flags);
    const terms = {
      selection: { where: selectorFrom(flags.where), rows: flags.rows },
      ...{ planDir: flags.planDir, apiVersion: flags.apiVersion },
    };
    const known = identify(flags, context);
    if (!isTenantSure(known)) expectAnswer(flags, context);
    await using opened = await openServices(
      isTenantSure(known) ? known : await signIn(known, context),
      context,
    );
    // What is not there is told before anybody signs in or is asked.
    const source =
      asked.kind === 'run' && asked.name !== '@last'
        ? { ...asked, name: (await findRun(asked.name, opened)).runId }
        : asked;
    expectAnswer(flags, context);
    const services = isTenantSure(known)
      ? { ...opened, identity: await signIn(opened.identity, context) }
      : opened;
    const written = await writtenBy(source, terms, services);
    if (written.isUnseen) {
      context.print.say(
        `${written.name} was made without a look at the tenant: it has no before-images, so there is nothing to go back to.`,
      );
      return EXIT.done;
    }
    const made = {
      ...{ force: flags.force === true, isDry: flags.dryRun === true, planDir: flags.planDir },
      ...{
        justification: justificationFrom(flags.justification),
        purpose: flags.reason ?? null,
        notify: flags.notify,
      },
      schedule: scheduleOf(flags),
    };
    const drafted = await draftRollback(written, made, services);
    await using _draft = drafted.draft;
    return await rollBack(drafted, written, flags, services, context);
  },
});

/** @throws UserError (exit 2) unless either a run or a plan is named */
function sourceOf(
  name: string | undefined,
  { from, includeUnrecorded = false }: RollbackFlags,
): RollbackSource {
  if (name !== undefined && from === undefined) return { kind: 'run', name, includeUnrecorded };
  if (name === undefined && from !== undefined) return { kind: 'plan', path: from };
  throw new UserError('What is to be rolled back is not said.', {
    remedy: 'Give either a run id (or @last), or --from with the plan file of the run.',
    exitCode: EXIT.badInput,
  });
}

function expectAnswer({ dryRun, yes }: RollbackFlags, context: Context): void {
  if (!dryRun && !yes && !canAsk(context)) throw nobodyToAsk();
}

async function rollBack(
  { draft, inverses }: RollbackDraft,
  written: Written,
  flags: RollbackFlags,
  services: Services,
  context: Context,
): Promise<ExitCode> {
  const { print } = context;
  showInverses(inverses, written, print);
  const unless = draft.leftOut > 0 ? EXIT.someRowsFailed : EXIT.done;
  if (inverses.rows === 0) return unless;
  const plan = await draft.plan(SHOWN);
  if (flags.dryRun && flags.json) print.json(plan);
  else showPlan(plan, print, flags);
  if (flags.dryRun) return unless;
  expectJustified(plan, { justification: justificationFrom(flags.justification) });
  tellSchedule(plan, scheduleOf(flags), services, print);
  await tellStop(services, print);
  if (!flags.yes && !(await mayChange('Put back', plan, services, context))) return EXIT.stoppedEarly;
  const also = flags.work ? await takeTurn(undefined, flags, services, context) : [];
  if (also === undefined) return EXIT.stoppedEarly;
  const how = { force: flags.force === true, said: flags };
  const runId = await publishRollback(draft, written, how, services);
  print.say(`Run ${runId}`);
  if (!flags.work && !flags.json) print.data(runId);
  const exitCode = flags.work ? await workShown(runId, also, services, context, flags.wait) : undefined;
  if (exitCode === undefined) await tellNoWorkers(services, print);
  if (flags.json) print.json(await statusOfId(runId, services));
  return exitCode ?? unless;
}
