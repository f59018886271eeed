import { EXIT, type ExitCode } from '../errors.ts';
import type { CliCommand, Context } from './context.ts';
import { planStaged, showPlan } from './livePlan.ts';
import { sharedOptions, signIn } from './identity.ts';
import { fileOptions, withStagedFile, type FileFlags } from './stage.ts';

interface PlanFlags extends FileFlags {
  readonly json?: boolean;
}

export const plan: CliCommand<PlanFlags> = {
  options: (command) => fileOptions(sharedOptions(command)).option('--json', 'print the plan as JSON'),
  run: ([path = ''], flags, context) => planCommand(path, flags, context),
};

/** Reads, checks and looks; what was staged for it is forgotten. */
export function planCommand(path: string, flags: PlanFlags, context: Context): Promise<ExitCode> {
  return withStagedFile(path, flags, context, signIn, async (staged) => {
    const found = await planStaged(staged, context);
    if (flags.json) context.print.json(found);
    else showPlan(found, context);
    return found.leftOut > 0 ? EXIT.someRowsFailed : EXIT.done;
  });
}
