import type { GraphError } from '../assignments/changes/outcome.ts';
import type { ReadList } from '../graph/reads/currentAssignments.ts';
import { CHEAPEST_READ } from '../graph/client/tellReach.ts';
import type { Run } from '../runs/run.ts';
import type { WorkerDeps, Step } from './deps.ts';
import { pauseForPermission } from './pauseRun.ts';
import { readsWithin } from './limiter/permittedReads.ts';

/** What follows when every write of a batch was refused with 403, after others of the run had gone through. */
export interface WriteRefusal {
  /** Whether its rows have failed of it; else they are as before. */
  readonly rowsPay: boolean;
  /** Undefined: the run goes on. */
  readonly step: Step | undefined;
}

/**
 * The permission was lost, or just these rows are forbidden. The first time the run pauses, and no row pays. When it goes on and
 * they are refused again, they pay, so that a run of forbidden rows comes to its end; unless others went through meanwhile it
 * pauses again, and of several batches only the one that pauses it pays.
 */
export async function refusedWrites(
  run: Run,
  error: GraphError,
  wereRefusedBefore: boolean,
  deps: WorkerDeps,
): Promise<WriteRefusal> {
  const { signIn } = deps;
  if (wereRefusedBefore && signIn.writesGoThrough) return { rowsPay: true, step: undefined };
  signIn.allWritesRefused();
  const { step, wasAtWork } = await pauseForPermission(run, error, deps);
  return { rowsPay: wereRefusedBefore && wasAtWork, step };
}

/**
 * Why a read says nothing about its rows: after reads that worked, all of it was refused with 403, and so is the cheapest read
 * there is. Undefined: it does say something.
 */
export async function lostReads(
  { runId, apiVersion, counts }: Run,
  byList: ReadonlyMap<string, ReadList>,
  { limiter, graphOf }: WorkerDeps,
  signal: AbortSignal,
): Promise<string | undefined> {
  const hasRead = counts.succeeded + counts.skipped > 0;
  const results = [...byList.values()];
  if (!hasRead || results.length === 0 || !results.every(isForbidden)) return undefined;
  const [reply] = await readsWithin({ limiter, graph: graphOf(apiVersion) }, runId, signal)([CHEAPEST_READ]);
  if (reply === undefined || !('status' in reply) || reply.kind === 'lost' || reply.status !== 403)
    return undefined;
  return `Graph refuses every read with 403 (${reply.error?.code}: ${reply.error?.message})`;
}

const isForbidden = (result: ReadList): boolean => result.kind === 'refused' && result.status === 403;
