import { setTimeout as sleep } from 'node:timers/promises';
import { LAG_WAITS_WINDOWS, readsAsBefore } from '../assignments/changes/lastWritten.ts';
import { listPath, type Address } from '../assignments/kinds/address.ts';
import { EXIT, UserError } from '../errors.ts';
import type { ReadList } from '../graph/reads/currentAssignments.ts';
import type { PolicyLists } from '../graph/reads/policyLists.ts';
import type { SendReads } from '../graph/reads/reading.ts';
import type { RecentWrite } from '../runs/lastWrites.ts';
import type { Services } from './services.ts';
import { count, duration } from './words.ts';

export interface BelievedLists {
  /** By `listPath`. */
  readonly lists: ReadonlyMap<string, ReadList>;
  /** Those that still read as they were before they were written minutes ago: they say nothing. */
  readonly lagging: ReadonlyMap<string, RecentWrite>;
}

/** Where lists are read from. */
export interface ListSource {
  readonly lists: PolicyLists;
  readonly send: SendReads;
  /** The root that they are read from. */
  readonly root: string;
}

interface BelievedTerms {
  readonly isPatient?: boolean;
  /** Each list is read by itself, whatever is known of it. */
  readonly isAlone?: boolean;
}

/**
 * Reads the lists that these assignments are in. One that was written in the last minutes, and reads as it was before, is read again by
 * itself: the tenant may answer from a copy that lags behind.
 */
export async function readBelievedLists(
  addresses: readonly Address[],
  { lists: known, send, root }: ListSource,
  { runs, identity, interrupted: signal }: Pick<Services, 'runs' | 'identity' | 'interrupted'>,
  { isPatient = true, isAlone = false }: BelievedTerms = {},
): Promise<BelievedLists> {
  const lists = new Map<string, ReadList>();
  const laggingAmong = async (
    read: ReadonlyMap<string, ReadList>,
  ): Promise<ReadonlyMap<string, RecentWrite>> => {
    for (const [path, list] of read) lists.set(path, list);
    const written = await runs.lastWrites(root, [...read.keys()]);
    return new Map([...written].filter(([path, write]) => isAsBefore(lists.get(path), write)));
  };
  const again = async (paths: Iterable<string>): Promise<ReadonlyMap<string, RecentWrite>> =>
    laggingAmong(await known.readAlone([...paths], send));
  let lagging = isAlone
    ? await again(addresses.map(listPath))
    : await laggingAmong(await known.read(addresses, send));
  // A page may lag behind where the list itself does not.
  const fromPages = [...lagging.keys()].filter((path) => known.isFromPage(path));
  if (fromPages.length > 0) lagging = new Map([...without(lagging, fromPages), ...(await again(fromPages))]);
  for (const windows of isPatient ? LAG_WAITS_WINDOWS : LAG_WAITS_WINDOWS.slice(0, 1)) {
    if (lagging.size === 0) break;
    await sleep(windows * identity.pace.windowMs, undefined, { signal });
    lagging = await again(lagging.keys());
  }
  return { lists, lagging };
}

const without = <K, V>(map: ReadonlyMap<K, V>, keys: readonly K[]): [K, V][] =>
  [...map].filter(([key]) => !keys.includes(key));

const isAsBefore = (list: ReadList | undefined, write: RecentWrite): boolean =>
  list?.kind === 'list' && readsAsBefore(write, list.assignments);

/** How long nobody believes them, at the most. */
export const lagLeft = (lagging: ReadonlyMap<string, RecentWrite>): string =>
  duration(Math.ceil(Math.max(0, ...[...lagging.values()].map(({ leftMs }) => leftMs)) / 1000));

/** @throws UserError (exit 4) when there are any: a plan of what a copy shows would be about the past. */
export function expectNoneLagging(lagging: ReadonlyMap<string, RecentWrite>): void {
  if (lagging.size === 0) return;
  throw new UserError(
    `The tenant shows the assignments of ${count(lagging.size, 'policy', 'policies')} as they were before they were written, minutes ago: its reads lag behind, or somebody has put them back.`,
    {
      remedy: `Start again in ${lagLeft(lagging)}: then what is shown is believed. Nothing was queued or written.`,
      exitCode: EXIT.environment,
    },
  );
}
