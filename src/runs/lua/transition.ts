import type { Keys } from '../keys.ts';
import type { Reason } from '../reason.ts';
import type { RunState } from '../run.ts';
import type { Scripts } from './scripts.ts';

/** A change of a run's state. */
export interface Move {
  readonly to: RunState;
  readonly from: readonly RunState[];
  /** Why, for one that does not go on; and the same for people, without secrets. */
  readonly reason?: Reason;
  readonly reasonText?: string;
  /** `moves` of the run as it was seen: somebody who has moved it since, be it there and back, is not overruled. */
  readonly ifMoves?: number;
  /** Planned anew it comes to something else: nobody has approved that. */
  readonly isOtherPlan?: boolean;
}

export type Moved =
  { readonly kind: 'done'; readonly from: RunState } | { readonly kind: 'wrong'; readonly state: string };

export async function transition(
  scripts: Scripts,
  keys: Keys,
  runId: string,
  { to, from, reason, reasonText, ifMoves, isOtherPlan = false }: Move,
): Promise<Moved> {
  const { header, ...others } = keys.run(runId);
  const [kind, state] = await scripts.run('transition', [keys.open, header, ...Object.values(others)], {
    ...{ runId, to, from, isOtherPlan },
    reason: reason ?? null,
    words: reasonText ?? null,
    moves: ifMoves ?? null,
  });
  return String(kind) === 'done'
    ? { kind: 'done', from: String(state) as RunState }
    : { kind: 'wrong', state: String(state) };
}
