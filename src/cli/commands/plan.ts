import { Draft } from '../../app/draft/draft.ts';
import { connectedOrProblems } from '../../app/draft/rowsIntake.ts';
import { identify, signIn } from '../../app/identity.ts';
import { pathIn } from '../../app/pathIn.ts';
import { isStopped } from '../../app/plan/plan.ts';
import { expectSameClock } from '../../app/schedule/expectSameClock.ts';
import type { ScheduleTexts } from '../../app/schedule/scheduleFrom.ts';
import { openServices } from '../../app/services.ts';
import { EXIT, UserError, type ExitCode } from '../../errors.ts';
import { formatOf } from '../../formats/format.ts';
import type { CliCommand, Context } from '../context.ts';
import { draftOptions, draftTerms, openInput, planTerms, type DraftFlags } from '../draftFlags.ts';
import { scheduleOf } from '../scheduleFlags.ts';
import { showPlan } from '../terminal/showPlan.ts';
import { tellSchedule } from '../terminal/tellSchedule.ts';

export interface PlanFlags extends DraftFlags {
  readonly json?: boolean;
  readonly output?: string;
}

export const plan: CliCommand<PlanFlags> = {
  options: (command) =>
    draftOptions(command)
      .option('-o, --output <file>', 'save the plan; `apply` and `submit` take exactly it')
      .option('--json', 'print the plan as JSON'),
  run: ([path = ''], flags, context) => planFile(path, flags, context),
};

/**
 * Reads, checks, looks and judges; what was staged for it is forgotten.
 * @param whenRun when the run would be at work: then it is told whether that fits
 */
export async function planFile(
  path: string,
  flags: PlanFlags,
  context: Context,
  whenRun?: ScheduleTexts,
): Promise<ExitCode> {
  const { print } = context;
  const saveTo = flags.output === undefined ? [] : [pathIn(context, planName(flags.output))];
  const wanted = planTerms(flags, saveTo);
  const terms = draftTerms(flags);
  const schedule = whenRun && scheduleOf(whenRun);
  const known = identify(flags, context);
  const file = await openInput(path, flags, context);
  const connecting = signIn(known, context).then((signedIn) => openServices(signedIn, context));
  await using services = await connectedOrProblems(connecting, file, terms, known, context);
  if (whenRun !== undefined) await expectSameClock(whenRun, services);
  await using draft = await Draft.open(file, terms, services);
  const found = await draft.plan(wanted);
  if (flags.json) print.json(found);
  else showPlan(found, print, flags);
  if (schedule !== undefined) tellSchedule(found, schedule, services, print, await services.runs.now());
  for (const saved of saveTo) print.say(`Plan written to ${saved}.`);
  if (isStopped(found)) return EXIT.stoppedEarly;
  return found.leftOut > 0 ? EXIT.someRowsFailed : EXIT.done;
}

/** A plan under the name of another kind of file would be opened as one, edited, and be no plan any more. */
function planName(output: string): string {
  if (formatOf(output) === 'ndjson') return output;
  throw new UserError(`A plan is NDJSON, and ${output} does not end so.`, {
    remedy: `Write -o ${output.replace(/\.\w+$/, '')}.ndjson. For the tenant's assignments as a table, use \`retarget export\`.`,
    exitCode: EXIT.badInput,
  });
}
