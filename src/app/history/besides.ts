import { signIn } from '../identity.ts';
import { failureOf } from '../failure.ts';
import type { Services } from '../services.ts';
import { withReads } from '../withReads.ts';
import type { HistoryEntry, HistoryTerms } from './history.ts';
import { policiesNow, type PolicyNow } from './now.ts';
import { otherChanges, type OtherChanges } from './others.ts';

/** What Graph tells beside the record. */
export interface Besides {
  readonly now: readonly PolicyNow[];
  readonly others: OtherChanges;
  /** Why Graph was not asked, or gave no answer; undefined: it did. */
  readonly why: string | undefined;
}

/** Where nothing has been done by a run, what others did in so many days is of interest. */
const DAYS_WITHOUT_RUNS = 30;
const DAY_MS = 86_400_000;

/**
 * What is there now, and what others changed. Without Graph the record has to do: that is no failure.
 * @param entries the newest first
 */
export async function besides(
  { asked, since, until }: HistoryTerms,
  entries: readonly HistoryEntry[],
  isOffline: boolean,
  services: Services,
  now: number,
): Promise<Besides> {
  if (isOffline)
    return { now: [], others: { kind: 'unread', why: 'not asked, with --offline' }, why: undefined };
  try {
    const identity = await signIn(services.identity, services);
    const oldest = Math.min(...entries.map(({ at }) => at), now - DAYS_WITHOUT_RUNS * DAY_MS);
    return await withReads({ ...services, identity }, async (send, base) => ({
      // One after the other: both are of one budget.
      now: await policiesNow(entries, send, base),
      others: await otherChanges(asked, [Math.max(since, oldest), until], entries, send, base),
      why: undefined,
    }));
  } catch (error) {
    services.interrupted.throwIfAborted();
    const failure = failureOf(error, services);
    if (failure === undefined) throw error;
    return { now: [], others: { kind: 'unread', why: failure.message }, why: failure.message };
  }
}
