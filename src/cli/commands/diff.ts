import { diffOf, NOW, snapshotSide, tenantSide, type Diff, type DiffSide } from '../../app/snapshots/diff.ts';
import { renamesFrom } from '../../app/draft/namesFiles.ts';
import { identify, signIn } from '../../app/identity.ts';
import { openServices } from '../../app/services.ts';
import { expectBeta } from '../../app/snapshots/takeSnapshot.ts';
import type { SharedFlags } from '../../config.ts';
import { EXIT, UserError } from '../../errors.ts';
import type { CliCommand, Context } from '../context.ts';
import { sharedOptions } from '../sharedFlags.ts';
import { diffJson, showDiff } from '../terminal/showDiff.ts';

interface DiffFlags extends SharedFlags {
  readonly byName?: boolean;
  readonly rename?: string;
  readonly json?: boolean;
}

export const diff: CliCommand<DiffFlags> = {
  options: (command) =>
    sharedOptions(command)
      .option(
        '--by-name',
        'compare policies, groups and filters by what they are called: of two tenants the ids have nothing in common',
      )
      .option(
        '--rename <file>',
        'with --by-name: old and new names or ids of policies, groups and filters, from the first to the second',
      )
      .option('--json', 'print the differences as JSON'),
  async run([first = '', second = ''], { byName, rename, json, ...flags }, context) {
    if (first === NOW && second === NOW) throw nothingToCompare();
    if (rename !== undefined && !byName) throw renameNeedsNames();
    const renames = await renamesFrom(rename, context);
    const [before, after] = await sidesOf([first, second], flags, context);
    const found = diffOf(before, after, { isByName: byName === true, renames });
    if (json) context.print.json(diffJson(found));
    else showDiff(found, context.print);
    return isSame(found) ? EXIT.done : EXIT.someRowsFailed;
  },
};

const isSame = ({ differences, filters, notCompared }: Diff): boolean =>
  differences.length + filters.length + notCompared.length === 0;

/** Two files need neither Redis nor a sign-in. */
async function sidesOf(
  names: readonly [string, string],
  flags: SharedFlags,
  context: Context,
): Promise<readonly [DiffSide, DiffSide]> {
  const [first, second] = names;
  if (!names.includes(NOW))
    return [await snapshotSide(first, undefined, context), await snapshotSide(second, undefined, context)];
  const known = identify(flags, context);
  expectBeta(known.config.apiVersion);
  await using services = await openServices(await signIn(known, context), context);
  const key = await services.runs.sealKey();
  // The file first: what is wrong with it is told before the tenant is read.
  const file = await snapshotSide(first === NOW ? second : first, key, context);
  const now = await tenantSide(services);
  return first === NOW ? [now, file] : [file, now];
}

const nothingToCompare = (): UserError =>
  new UserError('The tenant as it is now is compared with itself.', {
    remedy: 'Name a snapshot, as in `retarget diff friday.json now`.',
    exitCode: EXIT.badInput,
  });

export const renameNeedsNames = (): UserError =>
  new UserError('--rename says what things are called, and without --by-name ids count.', {
    remedy: 'Add --by-name, or leave --rename out.',
    exitCode: EXIT.badInput,
  });
