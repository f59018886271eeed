/** What keeps a run that is queued or at work, though it is nothing of its own. Times are ms since the epoch. */
export type Keeping =
  /** Somebody has stopped the whole tenant. */
  | { readonly reason: 'tenantStopped'; readonly since: number }
  /** It was recorded by another version, or is for another Graph root: other workers take it. */
  | { readonly reason: 'otherVersion' | 'otherGraph' }
  /** Its time has not come, or none of its windows is open; until when is not known of one that does not open within two weeks. */
  | { readonly reason: 'time' | 'window'; readonly until: number | null }
  /** Its deadline has passed, and nobody was there to pause it. */
  | { readonly reason: 'deadline'; readonly since: number }
  /** A second person has to say yes to it. */
  | { readonly reason: 'approval'; readonly since: number | null }
  /** Another run is at work; `isLeft`: it is in the record, and nobody works on it. */
  | { readonly reason: 'inLine'; readonly run: string; readonly isLeft: boolean }
  /** Nobody is there to work on it; since when is not known of one that an older version has queued. */
  | { readonly reason: 'noWorker'; readonly since: number | null }
  /** None of its workers reaches Graph. */
  | { readonly reason: 'graphAway'; readonly since: number; readonly why: string }
  /** The tenant takes nothing, as it said itself (429), or as Redis has restarted and nobody knows what still counts. */
  | { readonly reason: 'throttled' | 'restarted'; readonly until: number }
  /** A write whose reply was lost may still land on policies of it. */
  | { readonly reason: 'lateWrites'; readonly lists: number; readonly until: number }
  /** It is at work, and for a while no row has come to its end. */
  | { readonly reason: 'noProgress'; readonly since: number };

/** The same with the sentence for people. */
export type Waiting = Keeping & { readonly reasonText: string };

export type WaitingReason = Keeping['reason'];

/** What a run waits for, when that is known: another run to end, or a time to come (ISO UTC). */
export type WaitsFor = { readonly run: string } | { readonly until: string };

export function waitsFor(keeping: Keeping): WaitsFor | null {
  switch (keeping.reason) {
    case 'inLine':
      return { run: keeping.run };
    case 'throttled':
    case 'restarted':
    case 'lateWrites':
      return { until: new Date(keeping.until).toISOString() };
    case 'time':
    case 'window':
      return keeping.until === null ? null : { until: new Date(keeping.until).toISOString() };
    case 'approval':
    case 'deadline':
    case 'tenantStopped':
    case 'otherVersion':
    case 'otherGraph':
    case 'noWorker':
    case 'graphAway':
    case 'noProgress':
      return null;
  }
}

/** Since when nothing is done; null: that is not known, or no matter. */
export const keptSince = (keeping: Keeping): number | null => ('since' in keeping ? keeping.since : null);

/** It goes on by itself at a time that is known, and workers stand by: what is left can be foretold. */
export const isForetold = ({ reason }: Keeping): boolean => reason === 'throttled' || reason === 'restarted';
