import type { StoredAssignment } from './tenant.ts';

type List = Map<string, StoredAssignment>;

/** What readers of a copy see, that lags behind the lists that are written to. */
export interface Copies {
  /** To be called just before a list changes. */
  changes(list: List): void;
  /** The list as a copy shows it that is `lagMs` behind. */
  shown(list: List, lagMs: number): List;
}

/**
 * @param lagMs of the copy that is furthest behind, now
 * @param nowMs on a clock that no step moves
 */
export function createCopies(lagMs: () => number, nowMs: () => number): Copies {
  const past = new WeakMap<List, { readonly untilMs: number; readonly was: List }[]>();
  return {
    changes(list) {
      const now = nowMs();
      const kept = (past.get(list) ?? []).filter(({ untilMs }) => untilMs > now - lagMs());
      if (lagMs() > 0) kept.push({ untilMs: now, was: copyOf(list) });
      past.set(list, kept);
    },
    shown: (list, behindMs) =>
      past.get(list)?.find(({ untilMs }) => untilMs > nowMs() - behindMs)?.was ?? list,
  };
}

const copyOf = (list: List): List =>
  new Map([...list].map(([id, assignment]) => [id, { ...assignment }] as const));
