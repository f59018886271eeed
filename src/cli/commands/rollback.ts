import { identify, isTenantSure, signIn } from '../../app/identity.ts';
import { draftRollback, writtenBy } from '../../app/rollback/rollback.ts';
import { findRun } from '../../app/runs/findRun.ts';
import { selectorFrom } from '../../app/runs/selection.ts';
import { momentFrom } from '../../app/schedule/momentFrom.ts';
import { expectSameClock } from '../../app/schedule/expectSameClock.ts';
import { openServices } from '../../app/services.ts';
import { EXIT } from '../../errors.ts';
import type { Context } from '../context.ts';
import { draining } from '../draining.ts';
import { justificationFrom } from '../planFlags.ts';
import { rollbackOptions, sourceOf, type RollbackFlags } from '../rollbackFlags.ts';
import { scheduleOf } from '../scheduleFlags.ts';
import { canAsk, nobodyToAsk } from '../terminal/ask.ts';
import { putBack } from '../terminal/putBack.ts';

export const rollback = draining<RollbackFlags>({
  options: (command) => void rollbackOptions(command),
  async run([name], flags, context) {
    const asked = sourceOf(name, flags);
    const terms = {
      selection: { where: selectorFrom(flags.where), rows: flags.rows },
      ...{ planDir: flags.planDir, apiVersion: flags.apiVersion },
    };
    const schedule = scheduleOf(flags);
    const known = identify(flags, context);
    if (!isTenantSure(known)) expectAnswer(flags, context);
    await using opened = await openServices(
      isTenantSure(known) ? known : await signIn(known, context),
      context,
    );
    await expectSameClock(flags, opened);
    // What is not there is told before anybody signs in or is asked.
    const source =
      asked?.kind === 'run' && asked.name !== '@last'
        ? { ...asked, name: (await findRun(asked.name, opened)).runId }
        : asked;
    expectAnswer(flags, context);
    const services = isTenantSure(known)
      ? { ...opened, identity: await signIn(opened.identity, context) }
      : opened;
    const made = {
      ...{ force: flags.force === true, isDry: flags.dryRun === true, planDir: flags.planDir },
      ...{
        justification: justificationFrom(flags.justification),
        purpose: flags.reason ?? null,
        notify: flags.notify,
      },
      schedule,
    };
    if (source === undefined) {
      const since = momentFrom('--since', flags.since ?? '', await services.runs.now());
      // Loaded here: most take back one run.
      const { putBackSince } = await import('../terminal/putBackSeveral.ts');
      return await putBackSince(since, { flags, terms, made, services, context });
    }
    const written = await writtenBy(source, terms, services);
    if (written.isUnseen) {
      context.print.say(
        `${written.name} was made without a look at the tenant: it has no before-images, so there is nothing to go back to.`,
      );
      return EXIT.done;
    }
    const drafted = await draftRollback(written, made, services);
    await using _draft = drafted.draft;
    return await putBack({ ...drafted, schedule }, written, flags, services, context);
  },
});

function expectAnswer({ dryRun, yes }: RollbackFlags, context: Context): void {
  if (!dryRun && !yes && !canAsk(context)) throw nobodyToAsk();
}
