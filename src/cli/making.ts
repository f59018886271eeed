import { join } from 'node:path';
import type { Command } from 'commander';
import type { SharedFlags } from '../config.ts';
import type { Context } from './context.ts';
import { identify } from './identity.ts';
import { planPathOf } from './livePlan.ts';
import { pathIn } from './pathIn.ts';
import { guardOptions, runOptions, type GuardFlags, type RunFlags } from './planOptions.ts';

/** The flags of a command that makes a run of a file or a plan. */
export interface MakeFlags extends GuardFlags, RunFlags {
  readonly planDir?: string;
}

export const makesRun = (command: Command): Command =>
  runOptions(guardOptions(command)).option(
    '--plan-dir <directory>',
    'where the plan of the run is kept for an undo without Redis; otherwise in the data directory',
  );

/** Where the plan of a run is kept, by the run's id. */
export function keepPlanIn(flags: MakeFlags & SharedFlags, context: Context): (runId: string) => string {
  const { config } = identify(flags, context);
  const dir = pathIn(context, flags.planDir ?? join(config.dataDir, 'plans'));
  return (runId) => planPathOf(runId, dir);
}
