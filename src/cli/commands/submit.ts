import type { FileFlags, Staged } from '../../app/draft/staged.ts';
import { EXIT, UserError, type ExitCode } from '../../errors.ts';
import { expectJustified } from '../../app/plan/justification.ts';
import type { CliCommand, Context } from '../context.ts';
import { logRun, planTaken } from '../../app/runs/runLog.ts';
import { keepPlanIn, makesRun, type MakeFlags } from '../runFlags.ts';
import { isStopped, planStaged, type LivePlan } from '../../app/plan/makePlan.ts';
import { OFFLINE, planTerms } from './plan.ts';
import { optionsOfRun } from '../planFlags.ts';
import { sharedOptions, signIn, type Identity } from '../../app/identity.ts';
import { showPlan } from '../terminal/showPlan.ts';
import { tellStop } from '../../app/runs/tenantStop.ts';
import { fileOptions, publish, withStagedFile } from '../../app/draft/draft.ts';
import { tellNoWorkers } from '../../app/work/work.ts';
import { count } from '../../app/words.ts';

const TENANT_UNKNOWN =
  'Neither the token nor --tenant says which tenant this is: only workers without both will take it.';
const NOT_PLANNED =
  'Not compared with the tenant (--no-plan): there is no guard; workers read before each write.';

interface SubmitFlags extends FileFlags, MakeFlags {
  readonly plan: boolean;
  readonly offline?: boolean;
}

export const submit: CliCommand<SubmitFlags> = {
  options: (command) =>
    makesRun(fileOptions(sharedOptions(command)))
      .option(...OFFLINE)
      .option(
        '--no-plan',
        'queue the file as it is, without comparing it with the tenant: there is no guard',
      ),
  run: ([path = ''], flags, context) =>
    withStagedFile(
      path,
      flags,
      context,
      (identity, itsContext, isPlan) =>
        readsTenant(flags) && !isPlan ? signIn(identity, itsContext) : tenantForSure(identity, itsContext),
      (staged) => submitStaged(staged, flags, context),
      { options: optionsOfRun(flags), keepPlanIn: keepPlanIn(flags, context), unplanned: !flags.plan },
    ),
};

/** A file that is compared with the tenant needs a sign-in; so does a plan that was sealed elsewhere. */
const readsTenant = ({ plan, blind, offline }: SubmitFlags): boolean => plan && !blind && !offline;

async function submitStaged(given: Staged, flags: SubmitFlags, context: Context): Promise<ExitCode> {
  const { print } = context;
  const staged = await signedInFor(given, context);
  const { session, staging, leftOut } = staged;
  if (!flags.plan && staged.expected !== undefined) throw isForeign();
  const isPlanned = flags.plan || staged.saved !== undefined;
  const plan = isPlanned ? await planned(staged, flags, context) : undefined;
  if (plan === undefined) print.say(NOT_PLANNED);
  else {
    showPlan(plan, context);
    expectJustified(plan, optionsOfRun(flags));
    if (isStopped(plan)) {
      print.say('Nothing was queued.');
      return EXIT.stoppedEarly;
    }
  }
  const runId = await publish(staged, flags.again === true, plan);
  await logRun('submit', runId, session, context, flags, plan && planTaken(staged, plan));
  print.data(runId);
  print.say(`Run ${runId}: ${count(staging.rows, 'row')} queued for tenant ${session.identity.tenant}.`);
  if (session.identity.tenantFrom === 'nothing') print.say(TENANT_UNKNOWN);
  await tellStop(session, context);
  await tellNoWorkers(session, context, '');
  return leftOut > 0 ? EXIT.someRowsFailed : EXIT.done;
}

/** The plan is kept with the run, as that of `apply` is. */
function planned(staged: Staged, flags: SubmitFlags, context: Context): Promise<LivePlan> {
  staged.keptPlan ??= keepPlanIn(flags, context)(staged.staging.runId);
  return planStaged(staged, planTerms(flags, [staged.keptPlan]), context);
}

/** A plan that was sealed elsewhere is made anew, which reads the tenant. */
async function signedInFor(staged: Staged, context: Context): Promise<Staged> {
  const { session } = staged;
  if (staged.expected === undefined || session.identity.signedIn !== undefined) return staged;
  const { signedIn } = await signIn(session.identity, context);
  return Object.assign(staged, { session: { ...session, identity: { ...session.identity, signedIn } } });
}

const isForeign = (): UserError =>
  new UserError(
    'The plan was sealed elsewhere or changed since, so it must be made anew: not with --no-plan.',
    {
      remedy: 'Leave --no-plan out, or give the file that the plan was made of.',
      exitCode: EXIT.badInput,
    },
  );

/** A run is recorded under its tenant's id. Who gives that needs no sign-in; a domain's id is the token's to tell. */
async function tenantForSure(identity: Identity, context: Context): Promise<Identity> {
  if (identity.isReadyToken || identity.tenantFrom === 'id') return identity;
  try {
    return await signIn(identity, context);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(error.message, {
      remedy: `Give the tenant's id with --tenant: then submit needs no sign-in. Or: ${error.remedy}`,
      exitCode: error.exitCode,
    });
  }
}
