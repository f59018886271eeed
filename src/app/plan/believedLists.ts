import { setTimeout as sleep } from 'node:timers/promises';
import { readsAsBefore } from '../../assignments/changes/lastWritten.ts';
import { listPath, type Address } from '../../assignments/kinds/address.ts';
import { EXIT, UserError } from '../../errors.ts';
import { assignmentLists, type ReadList } from '../../graph/reads/currentAssignments.ts';
import type { SendReads } from '../../graph/reads/reading.ts';
import type { LateWrite } from '../../runs/lastWrites.ts';
import type { Services } from '../services.ts';
import { count, duration } from '../words.ts';

/** The waits before lists are read again that read as before they were written, in windows: two of them in all. */
const WAITS_WINDOWS = [0.1, 0.2, 0.4, 0.8, 0.5];

export interface BelievedLists {
  /** By `listPath`. */
  readonly lists: ReadonlyMap<string, ReadList>;
  /** Those that still read as they were before they were written minutes ago: they say nothing. */
  readonly lagging: ReadonlyMap<string, LateWrite>;
}

/**
 * Reads the lists that these assignments are in. One that was written in the last minutes, and reads as it was before, is read again: the
 * tenant may answer from a copy that lags behind.
 * @param base root and version
 */
export async function readBelievedLists(
  addresses: readonly Address[],
  send: SendReads,
  { root, apiVersion }: { readonly root: string; readonly apiVersion: string },
  { runs, identity, interrupted: signal }: Pick<Services, 'runs' | 'identity' | 'interrupted'>,
  { isPatient = true }: { readonly isPatient?: boolean } = {},
): Promise<BelievedLists> {
  const lists = new Map<string, ReadList>();
  const laggingAmong = async (paths: readonly string[]): Promise<Map<string, LateWrite>> => {
    for (const [path, list] of await assignmentLists(paths, send, `${root}/${apiVersion}`))
      lists.set(path, list);
    const known = await runs.lastWrites(root, paths);
    return new Map([...known].filter(([path, write]) => isAsBefore(lists.get(path), write)));
  };
  let lagging = await laggingAmong([...new Set(addresses.map(listPath))]);
  for (const windows of isPatient ? WAITS_WINDOWS : WAITS_WINDOWS.slice(0, 1)) {
    if (lagging.size === 0) break;
    await sleep(windows * identity.pace.windowMs, undefined, { signal });
    lagging = await laggingAmong([...lagging.keys()]);
  }
  return { lists, lagging };
}

const isAsBefore = (list: ReadList | undefined, write: LateWrite): boolean =>
  list?.kind === 'list' &&
  readsAsBefore(
    write,
    list.assignments.map(({ whole }) => whole),
  );

/** How long nobody believes them, at the most. */
export const lagLeft = (lagging: ReadonlyMap<string, LateWrite>): string =>
  duration(Math.ceil(Math.max(0, ...[...lagging.values()].map(({ leftMs }) => leftMs)) / 1000));

/** @throws UserError (exit 4) when there are any: a plan of what a copy shows would be about the past. */
export function expectNoneLagging(lagging: ReadonlyMap<string, LateWrite>): void {
  if (lagging.size === 0) return;
  throw new UserError(
    `The tenant shows the assignments of ${count(lagging.size, 'policy', 'policies')} as they were before they were written, minutes ago: its reads lag behind, or somebody has put them back.`,
    {
      remedy: `Start again in ${lagLeft(lagging)}: then what is shown is believed. Nothing was queued or written.`,
      exitCode: EXIT.environment,
    },
  );
}
