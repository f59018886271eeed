import { listPath } from '../../src/assignments/kinds/address.ts';
import type { CurrentAssignment } from '../../src/assignments/changes/current.ts';
import type { Decision } from '../../src/assignments/changes/decision.ts';
import type { Strategy } from '../../src/assignments/kinds/kind.ts';
import {
  planBatch,
  type BatchRow,
  type ListSnapshot,
  type PlanRules,
  type Standing,
} from '../../src/assignments/changes/planBatch.ts';
import { writesOf, type Write } from '../../src/assignments/changes/writes.ts';
import type { Change } from '../../src/assignments/rows/change.ts';
import type { JsonObject } from '../../src/assignments/values/json.ts';

/** A row that is open unless its standing says otherwise. */
export interface PlanningRow extends BatchRow {
  readonly standing?: Standing;
}

export const rulesFor = (
  strategy: Strategy,
  more: Partial<PlanRules<PlanningRow>> = {},
): PlanRules<PlanningRow> => ({
  apiVersion: 'beta',
  strategy,
  standing: ({ standing = 'open' }) => standing,
  isGuarded: () => true,
  ...more,
});

export interface Planned {
  readonly decisions: readonly Decision<PlanningRow>[];
  readonly writes: readonly Write<Decision<PlanningRow>>[];
  /** The list that an `assign` says; undefined when there is none. */
  readonly list: readonly JsonObject[] | undefined;
}

/** What becomes of rows about one list: the policy's own. */
export function planned(
  rows: readonly PlanningRow[],
  list: readonly CurrentAssignment[] | Exclude<ListSnapshot, { kind: 'list' }>,
  strategy: Strategy = 'patch',
  more: Partial<PlanRules<PlanningRow>> = {},
): Planned {
  const reading: ListSnapshot = 'kind' in list ? list : { kind: 'list', assignments: list };
  const snapshot = new Map(rows.map(({ change }) => [listPath(change.address), reading]));
  const decisions = planBatch(rows, snapshot, rulesFor(strategy, more));
  const writes = writesOf(decisions, snapshot);
  const whole = writes.find(({ request }) => request.method === 'POST')?.request.body?.['assignments'];
  return { decisions, writes, list: whole as readonly JsonObject[] | undefined };
}

export const rowsOf = (changes: readonly Change[]): PlanningRow[] => changes.map((change) => ({ change }));

/** What was decided, in a word each: the code where there is one. */
export const inWords = ({ decisions }: Pick<Planned, 'decisions'>): string[] =>
  decisions.map(({ kind, code }) => code ?? kind);
