import { Draft } from '../../app/draft/draft.ts';
import { connectedOrProblems } from '../../app/draft/rowsIntake.ts';
import { identify, signIn, signInForTenant } from '../../app/identity.ts';
import { expectJustified } from '../../app/plan/justification.ts';
import { isStopped } from '../../app/plan/plan.ts';
import { expectSameClock } from '../../app/schedule/expectSameClock.ts';
import { openServices } from '../../app/services.ts';
import { count } from '../../app/words.ts';
import { EXIT, UserError } from '../../errors.ts';
import type { CliCommand } from '../context.ts';
import { draftTerms, makeOptions, openInput, planTerms, runTerms } from '../draftFlags.ts';
import type { MakeFlags } from '../draftFlags.ts';
import { showPlan } from '../terminal/showPlan.ts';
import { tellRevert } from '../terminal/tellRevert.ts';
import { tellSchedule } from '../terminal/tellSchedule.ts';
import { tellNoWorkers, tellStop } from '../terminal/tellWaits.ts';

const TENANT_UNKNOWN =
  'Neither the token nor --tenant says which tenant this is: only workers without both will take it.';
const NOT_PLANNED =
  'Not compared with the tenant (--no-plan): there is no guard; workers read before each write.';

interface SubmitFlags extends MakeFlags {
  readonly plan: boolean;
}

export const submit: CliCommand<SubmitFlags> = {
  options: (command) =>
    makeOptions(command).option(
      '--no-plan',
      'queue the file as it is, without comparing it with the tenant: there is no guard',
    ),
  async run([path = ''], flags, context) {
    const { print } = context;
    const terms = { ...draftTerms(flags, runTerms(flags)), unplanned: !flags.plan };
    const wanted = planTerms(flags);
    const known = identify(flags, context);
    const file = await openInput(path, flags, context);
    const isRead = readsTenant(flags) && !file.isPlan;
    const acting = isRead ? signIn(known, context) : signInForTenant(known, context);
    const connecting = acting.then((identity) => openServices(identity, context));
    await using services = await connectedOrProblems(connecting, file, terms, known, context);
    await expectSameClock(flags, services);
    await using draft = await Draft.open(file, terms, services);
    if (!flags.plan && draft.source === 'foreignPlan') throw isForeign();
    if (flags.plan || draft.source === 'plan') {
      const plan = await draft.plan(wanted);
      showPlan(plan, print, flags);
      const { options } = draft;
      expectJustified(plan, options);
      if (isStopped(plan)) {
        print.say('Nothing was queued.');
        return EXIT.stoppedEarly;
      }
      tellSchedule(plan, options, services, print, await services.runs.now());
      await tellRevert(options, plan, services, print);
    } else {
      print.say(NOT_PLANNED);
      // Whether the tenant has every change approved shows only when it is read.
      await tellRevert(draft.options, { approvalFor: [] }, services, print);
    }
    const runId = await draft.publish({ again: flags.again === true, action: 'submit', said: flags });
    const { tenant, tenantFrom } = services.identity;
    print.data(runId);
    print.say(`Run ${runId}: ${count(draft.rows, 'row')} queued for tenant ${tenant}.`);
    if (tenantFrom === 'nothing') print.say(TENANT_UNKNOWN);
    await tellStop(services, print);
    await tellNoWorkers(services, print, '');
    return draft.leftOut > 0 ? EXIT.someRowsFailed : EXIT.done;
  },
};

/** A file that is compared with the tenant needs a sign-in; so does a plan that was sealed elsewhere. */
const readsTenant = ({ plan, blind, offline }: SubmitFlags): boolean => plan && !blind && !offline;

const isForeign = (): UserError =>
  new UserError(
    'The plan was sealed elsewhere or changed since, so it must be made anew: not with --no-plan.',
    {
      remedy: 'Leave --no-plan out, or give the file that the plan was made of.',
      exitCode: EXIT.badInput,
    },
  );
