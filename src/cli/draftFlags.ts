import type { Command } from 'commander';
import type { DraftTerms, GivenRules, RunTerms } from '../app/draft/draftTerms.ts';
import { openFile, openStream, recognised, type RecognisedFile } from '../app/draft/inputFile.ts';
import type { PlanTerms } from '../app/plan/planSubject.ts';
import { STRATEGIES } from '../assignments/kinds/kind.ts';
import type { SharedFlags } from '../config.ts';
import { STATED_ACTIONS } from '../assignments/rows/takenFor.ts';
import { FILE_FORMATS } from '../formats/format.ts';
import type { Context } from './context.ts';
import { numberIn, oneOf } from './flags.ts';
import { allowedBy, changeLimits, guardOptions, optionsOfRun, runOptions } from './planFlags.ts';
import type { GuardFlags, RunFlags } from './planFlags.ts';
import { sharedOptions } from './sharedFlags.ts';

/** The flags of a command that takes a file of rows, or a plan. */
export interface DraftFlags extends SharedFlags, GuardFlags, Omit<GivenRules, 'apiVersion'> {
  readonly again?: boolean;
  readonly keepDays: number;
}

/** The flags of one that makes it a run. */
export interface MakeFlags extends DraftFlags, RunFlags {
  readonly planDir?: string;
}

export const draftOptions = (command: Command): Command =>
  guardOptions(sharedOptions(command))
    .addOption(oneOf('--input-format <format>', 'otherwise by extension, else by content', FILE_FORMATS))
    .option(
      '--skip-invalid',
      'leave out every row of a policy that has a row with a problem; refused when a row does not tell its policy',
    )
    .option(
      '--columns <pairs>',
      'what your file calls its columns, as in OldGroup=fromGroupName,NewGroup=groupName; or a file of such pairs',
    )
    .option(
      '--rename <file>',
      'old and new names or ids of policies, groups and filters, put in before anything is looked up',
    )
    .option(
      '--problems <file>',
      'write the rows that can not be taken, each with the reason, to be mended and given again',
    )
    .addOption(
      oneOf(
        '--action <action>',
        'what is done with rows that say only what is there, as an export does: add, set its filter and intent, or remove',
        STATED_ACTIONS,
      ),
    )
    .option(
      '--by-name',
      'find policies, groups and filters by their names alone: ids of the file are of another tenant',
    )
    .option('--again', 'take a file although a run of it is unfinished')
    .option('--blind', 'write without looking first: nothing is skipped, blank filters are problems, no undo')
    .option(
      '--offline',
      'plan without reading the tenant: no guard on what changes, no undo from the plan; needs --allow no-undo',
    )
    .addOption(
      oneOf(
        '--strategy <strategy>',
        'patch (default): each assignment by itself; assign: the whole list of each policy, for tenants that refuse PATCH',
        STRATEGIES,
      ),
    )
    .addOption(
      numberIn('--keep-days <days>', 'how long the run is kept after its end', { least: 1, most: 3650 }, 30),
    );

export const makeOptions = (command: Command): Command =>
  runOptions(draftOptions(command)).option(
    '--plan-dir <directory>',
    'where the plan of the run is kept for an undo without Redis; otherwise in the data directory',
  );

/** @throws UserError (exit 2) for flags that can't be read */
export const runTerms = (flags: MakeFlags): RunTerms => ({
  options: optionsOfRun(flags),
  keepDays: flags.keepDays,
  planDir: flags.planDir,
  notify: flags.notify,
});

export const draftTerms = (flags: DraftFlags, run?: RunTerms): DraftTerms => ({ given: flags, run });

/** @throws UserError (exit 2) for flags that can't be read */
export const planTerms = (
  flags: DraftFlags & { readonly json?: boolean },
  saveTo: readonly string[] = [],
): PlanTerms => ({
  offline: flags.offline === true,
  limits: changeLimits(flags),
  allowed: allowedBy(flags),
  saveTo,
  isWhole: flags.json === true || flags.details === true,
});

/** The file of the command line; `-` is stdin. @throws UserError (exit 2) when it can't be read */
export async function openInput(
  path: string,
  { inputFormat }: Pick<DraftFlags, 'inputFormat'>,
  context: Context,
): Promise<RecognisedFile> {
  if (path !== '-') return recognised(await openFile(path, inputFormat, context));
  if (context.stdin.isTTY) context.print.say('Reading the file from this terminal; Ctrl-D ends it.');
  return recognised(openStream(context.stdin, inputFormat, context));
}
