import type { FileFlags } from './staged.ts';
import { EXIT, UserError, type ExitCode } from '../errors.ts';
import { formatOf } from '../formats/format.ts';
import type { CliCommand, Context } from './context.ts';
import { isStopped, planStaged, type PlanTerms } from './livePlan.ts';
import { sharedOptions, signIn } from './identity.ts';
import { pathIn } from './pathIn.ts';
import { allowedBy, changeLimits, guardOptions, type GuardFlags } from './planOptions.ts';
import { showPlan } from './showPlan.ts';
import { fileOptions, withStagedFile } from './stage.ts';

export interface PlanFlags extends FileFlags, GuardFlags {
  readonly json?: boolean;
  readonly offline?: boolean;
  readonly output?: string;
}

export const OFFLINE: [flags: string, description: string] = [
  '--offline',
  'plan without reading the tenant: no guard on what changes, no undo from the plan; needs --allow no-undo',
];

export const plan: CliCommand<PlanFlags> = {
  options: (command) =>
    guardOptions(fileOptions(sharedOptions(command)))
      .option(...OFFLINE)
      .option('-o, --output <file>', 'save the plan; `apply` and `submit` take exactly it')
      .option('--json', 'print the plan as JSON'),
  run: ([path = ''], flags, context) => planCommand(path, flags, context),
};

/** Reads, checks, looks and judges; what was staged for it is forgotten. */
export function planCommand(path: string, flags: PlanFlags, context: Context): Promise<ExitCode> {
  const paths = flags.output === undefined ? [] : [pathIn(context, planName(flags.output))];
  const terms = planTerms(flags, paths);
  return withStagedFile(path, flags, context, signIn, async (staged) => {
    const found = await planStaged(staged, terms, context);
    if (flags.json) context.print.json(found);
    else showPlan(found, context);
    for (const saved of paths) context.print.say(`Plan written to ${saved}.`);
    if (isStopped(found)) return EXIT.stoppedEarly;
    return found.leftOut > 0 ? EXIT.someRowsFailed : EXIT.done;
  });
}

/** A plan under the name of another kind of file would be opened as one, edited, and be no plan any more. */
function planName(output: string): string {
  if (formatOf(output) === 'ndjson') return output;
  throw new UserError(`A plan is NDJSON, and ${output} does not end so.`, {
    remedy: `Write -o ${output.replace(/\.\w+$/, '')}.ndjson. For the tenant's assignments as a table, use \`retarget export\`.`,
    exitCode: EXIT.badInput,
  });
}

/** @throws UserError (exit 2) for flags that can't be read. */
export const planTerms = (
  flags: GuardFlags & { readonly offline?: boolean },
  paths: readonly string[],
): PlanTerms => ({
  offline: flags.offline === true,
  limits: changeLimits(flags),
  allowed: allowedBy(flags),
  paths,
});
