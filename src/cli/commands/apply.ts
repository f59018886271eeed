import { Draft } from '../../app/draft/draft.ts';
import { connectedOrProblems } from '../../app/draft/rowsIntake.ts';
import { identify, signIn } from '../../app/identity.ts';
import { expectSameClock } from '../../app/schedule/expectSameClock.ts';
import { openServices } from '../../app/services.ts';
import { EXIT, UserError } from '../../errors.ts';
import { draining } from '../draining.ts';
import { draftTerms, makeOptions, openInput, planTerms, runTerms } from '../draftFlags.ts';
import type { MakeFlags } from '../draftFlags.ts';
import { numberIn } from '../flags.ts';
import { ROWS } from '../planFlags.ts';
import { canAsk, nobodyToAsk } from '../terminal/ask.ts';
import { carryOut, type CarryOutFlags } from '../terminal/carryOut.ts';
import { turnOptions } from '../terminal/turn.ts';
import { planFile } from './plan.ts';

interface ApplyFlags extends MakeFlags, CarryOutFlags {
  readonly dryRun?: boolean;
  readonly sample?: number;
}

export const apply = draining<ApplyFlags>({
  options: (command) =>
    turnOptions(makeOptions(command))
      .option('--canary-stop', 'after the canary, stop instead of asking; `retarget resume` goes on')
      .addOption(
        numberIn('--sample <rows>', 'write so many of the rows, spread over the policies, and end', ROWS),
      )
      .option('--yes', 'do not ask')
      .option('--dry-run', 'the same as `retarget plan`')
      .option('--json', 'print the run as JSON when it has ended, or the plan when the guard stops it'),
  async run([path = ''], flags, context) {
    if (flags.dryRun) return planFile(path, flags, context, flags);
    // Said before the file is read and the tenant is looked at, which may take long.
    if (path === '-' && !flags.yes) throw stdinNeedsYes();
    if (!flags.yes && !canAsk(context)) throw nobodyToAsk();
    const terms = draftTerms(flags, runTerms(flags));
    const wanted = planTerms(flags);
    const known = identify(flags, context);
    const file = await openInput(path, flags, context);
    const connecting = signIn(known, context).then((signedIn) => openServices(signedIn, context));
    await using services = await connectedOrProblems(connecting, file, terms, known, context);
    await expectSameClock(flags, services);
    await using draft = await Draft.open(file, terms, services);
    if (flags.sample !== undefined) await draft.sample(flags.sample, wanted);
    return await carryOut(draft, await draft.plan(wanted), flags, services, context, {
      verb: 'Change',
      action: 'apply',
    });
  },
});

const stdinNeedsYes = (): UserError =>
  new UserError('The file comes from stdin, so there is nobody to ask.', {
    remedy: 'Run `retarget plan -` on it first, then `retarget apply - --yes`.',
    exitCode: EXIT.badInput,
  });
