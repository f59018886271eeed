import { EXIT, UserError } from '../../errors.ts';
import { RECORD_FORMAT, type Run } from '../../runs/run.ts';
import type { Web } from '../web.ts';

/**
 * The run of an address; undefined: there is none.
 * @throws UserError (exit 2) for one that another version has recorded: its rows would read as something else
 */
export async function ourRun(runId: string, { services }: Web): Promise<Run | undefined> {
  if (!/^[\w-]{1,100}$/.test(runId)) return undefined;
  const run = await services.runs.run(runId);
  if (run === undefined || run.format === RECORD_FORMAT) return run;
  throw new UserError(`Run ${runId} was recorded by another version of retarget (format ${run.format}).`, {
    remedy: 'Serve the page with the version that made it; how far it is stands in the list of runs.',
    exitCode: EXIT.badInput,
  });
}
