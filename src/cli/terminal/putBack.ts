import { expectJustified } from '../../app/plan/justification.ts';
import { publishRollback, type RollbackDraft } from '../../app/rollback/rollback.ts';
import type { Written } from '../../app/rollback/writtenRows.ts';
import { statusOfId } from '../../app/runs/status.ts';
import type { Services } from '../../app/services.ts';
import { EXIT, type ExitCode } from '../../errors.ts';
import type { Schedule } from '../../runs/schedule/schedule.ts';
import type { Context } from '../context.ts';
import { allowedBy, changeLimits, justificationFrom } from '../planFlags.ts';
import type { RollbackFlags } from '../rollbackFlags.ts';
import { mayChange } from './askPlan.ts';
import { workShown } from './followed.ts';
import { showInverses } from './showInverses.ts';
import { showPlan } from './showPlan.ts';
import { tellSchedule } from './tellSchedule.ts';
import { tellNoWorkers, tellStop } from './tellWaits.ts';
import { takeTurn } from './turn.ts';

/** The guard of a rollback shows what it finds and stops nothing. */
export const SHOWN = {
  offline: false,
  limits: changeLimits({}),
  allowed: allowedBy({}),
  saveTo: [],
} as const;

/** Shows what a rollback would do, asks, makes it a run, and with `--work` works on it here. */
export async function putBack(
  { draft, inverses, schedule }: RollbackDraft & { readonly schedule: Schedule },
  written: Written,
  flags: RollbackFlags,
  services: Services,
  context: Context,
): Promise<ExitCode> {
  const { print } = context;
  showInverses(inverses, written, print);
  const unless = draft.leftOut > 0 ? EXIT.someRowsFailed : EXIT.done;
  if (inverses.rows === 0) return unless;
  const plan = await draft.plan({ ...SHOWN, isWhole: flags.json === true || flags.details === true });
  if (flags.dryRun && flags.json) print.json(plan);
  else showPlan(plan, print, flags);
  tellSchedule(plan, schedule, services, print, await services.runs.now());
  if (flags.dryRun) return unless;
  expectJustified(plan, { justification: justificationFrom(flags.justification) });
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
