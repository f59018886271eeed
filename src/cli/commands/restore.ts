import { renamesFrom } from '../../app/draft/namesFiles.ts';
import { identify, signIn } from '../../app/identity.ts';
import { isStopped } from '../../app/plan/plan.ts';
import { expectColumns, selectorFrom } from '../../app/runs/selection.ts';
import { expectSameClock } from '../../app/schedule/expectSameClock.ts';
import { openServices } from '../../app/services.ts';
import { openSnapshot } from '../../app/snapshots/openSnapshot.ts';
import {
  draftRestore,
  RESTORE_COLUMNS,
  RESTORE_SCOPES,
  type RestoreScope,
} from '../../app/snapshots/restore.ts';
import { expectBeta } from '../../app/snapshots/takeSnapshot.ts';
import { STRATEGIES, type Strategy } from '../../assignments/kinds/kind.ts';
import type { SharedFlags } from '../../config.ts';
import { EXIT } from '../../errors.ts';
import { draining } from '../draining.ts';
import { numberIn, oneOf } from '../flags.ts';
import { allowedBy, changeLimits, guardOptions, optionsOfRun, runOptions } from '../planFlags.ts';
import { whereOption } from '../selectionFlags.ts';
import { sharedOptions } from '../sharedFlags.ts';
import { canAsk, nobodyToAsk } from '../terminal/ask.ts';
import { carryOut, type CarryOutFlags } from '../terminal/carryOut.ts';
import { showPlan } from '../terminal/showPlan.ts';
import { tellSchedule } from '../terminal/tellSchedule.ts';
import { showRestorable } from '../terminal/showRestorable.ts';
import { turnOptions } from '../terminal/turn.ts';
import { renameNeedsNames } from './diff.ts';

interface RestoreFlags extends SharedFlags, CarryOutFlags {
  readonly where?: readonly string[];
  readonly scope: RestoreScope;
  readonly byName?: boolean;
  readonly rename?: string;
  readonly skipInvalid?: boolean;
  readonly strategy?: Strategy;
  readonly keepDays: number;
  readonly planDir?: string;
  readonly dryRun?: boolean;
}

export const restore = draining<RestoreFlags>({
  options: (command) =>
    void turnOptions(runOptions(guardOptions(sharedOptions(command))))
      .addOption(whereOption())
      .addOption(
        oneOf(
          '--scope <scope>',
          'all: everything that differs; listed-groups: only what is about a group that the snapshot names',
          RESTORE_SCOPES,
          'all',
        ),
      )
      .option(
        '--by-name',
        'find policies, groups and filters by what they are called: the snapshot is of another tenant, or they have new ids',
      )
      .option(
        '--rename <file>',
        'with --by-name: old and new names or ids of policies, groups and filters, from the snapshot to this tenant',
      )
      .option('--skip-invalid', 'leave out every row of a policy that has a problem, as a group that is gone')
      .addOption(
        oneOf('--strategy <strategy>', 'patch (default) or assign, as of `retarget apply`', STRATEGIES),
      )
      .addOption(
        numberIn(
          '--keep-days <days>',
          'how long the run is kept after its end',
          { least: 1, most: 3650 },
          30,
        ),
      )
      .option(
        '--plan-dir <directory>',
        'where the plan of the run is kept for an undo without Redis; otherwise in the data directory',
      )
      .option('--again', 'although a run of the same snapshot is unfinished')
      .option('--canary-stop', 'after the canary, stop instead of asking; `retarget resume` goes on')
      .option('--dry-run', 'show what would be restored; with --json the plan as JSON')
      .option('--yes', 'do not ask')
      .option('--json', 'print the run as JSON when it has ended, or the plan when the guard stops it'),
  async run([path = ''], flags, context) {
    const { print } = context;
    if (!flags.dryRun && !flags.yes && !canAsk(context))
      throw nobodyToAsk(`retarget restore ${path} --dry-run`);
    const selector = selectorFrom(flags.where);
    expectColumns(selector, RESTORE_COLUMNS, 'What is restored has');
    if (flags.rename !== undefined && !flags.byName) throw renameNeedsNames();
    const renames = await renamesFrom(flags.rename, context);
    const options = { ...optionsOfRun(flags), restores: true };
    const wanted = {
      ...{ offline: false, saveTo: [], limits: changeLimits(flags), allowed: allowedBy(flags) },
      isWhole: flags.json === true || flags.details === true,
    };
    const known = identify(flags, context);
    expectBeta(known.config.apiVersion);
    await using services = await openServices(await signIn(known, context), context);
    await expectSameClock(flags, services);
    const snapshot = await openSnapshot(path, await services.runs.sealKey(), context);
    const run = { options, keepDays: flags.keepDays, planDir: flags.planDir, notify: flags.notify };
    const { draft, restorable } = await draftRestore(
      snapshot,
      {
        ...{ selector, scope: flags.scope, skipInvalid: flags.skipInvalid === true },
        ...{ isByName: flags.byName === true, renames },
        ...{ strategy: flags.strategy ?? 'patch', run: flags.dryRun ? undefined : run },
      },
      services,
    );
    await using _draft = draft;
    showRestorable(restorable, snapshot, print);
    const unless = draft.leftOut > 0 ? EXIT.someRowsFailed : EXIT.done;
    if (restorable.rows === 0) {
      const { rows, same, unmeant, gone } = restorable;
      if (flags.json) print.json({ rows, writes: 0, same, unmeant, gone });
      return unless;
    }
    const plan = await draft.plan(wanted);
    if (!flags.dryRun)
      return await carryOut(draft, plan, flags, services, context, {
        verb: 'Restore',
        action: 'restore',
      });
    if (flags.json) print.json(plan);
    else showPlan(plan, print, flags);
    tellSchedule(plan, options, services, print, await services.runs.now());
    return isStopped(plan) ? EXIT.stoppedEarly : unless;
  },
});
