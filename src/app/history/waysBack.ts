import { listPath } from '../../assignments/kinds/address.ts';
import { groupOf, targetIn } from '../../assignments/targets/currentTarget.ts';
import { isGuid } from '../../assignments/values/guid.ts';
import { shellWord } from '../shellWord.ts';
import type { HistoryAsked } from './asked.ts';
import type { HistoryEntry } from './history.ts';

/** What takes changes back that still stand: of one policy, or of all that are asked for in a run. */
export interface WayBack {
  readonly runId: string;
  readonly policies: number;
  /** Arguments of `retarget`. */
  readonly words: string;
}

/**
 * What takes back the last change of each policy, if nothing has yet; the newest run first.
 * @param entries the newest first
 * @param isWhole they are all that is asked for, and not those of some time only
 */
export function waysBack(
  entries: readonly HistoryEntry[],
  asked: HistoryAsked,
  isWhole: boolean,
): readonly WayBack[] {
  const byPolicy = Map.groupBy(entries.filter(hasWritten), ({ address }) => listPath(address));
  const standing = [...byPolicy.values()].flatMap(([last, ...others]) =>
    last === undefined || last.rolledBackBy.length > 0
      ? []
      : [[last, ...others.filter(({ run }) => run.runId === last.run.runId)] as const],
  );
  return [...Map.groupBy(standing, ([{ run }]) => run.runId)].flatMap(([runId, policies]) => {
    const where = isWhole && policies.length > 1 ? sharedWhere(policies.flat(), asked) : undefined;
    const words = (condition: string): string => `rollback ${runId} --where ${condition} --work`;
    if (where !== undefined) return [{ runId, policies: policies.length, words: words(where) }];
    return policies.flatMap((rows) =>
      wheres(rows).map((each) => ({ runId, policies: 1, words: words(each) })),
    );
  });
}

const hasWritten = ({ status }: HistoryEntry): boolean => status === 'succeeded' || status === 'unsure';

/** What selects all of these rows of a run, and no others of it: undefined, nothing does. */
function sharedWhere(rows: readonly HistoryEntry[], asked: HistoryAsked): string | undefined {
  const [first] = rows;
  if (first === undefined || asked.isAny) return undefined;
  const { columns, planFingerprint } = first.run;
  const has = (column: 'groupId'): boolean => columns.length === 0 || columns.includes(column);
  // A plan has read the names.
  const hasNames = planFingerprint !== null;
  const isOfGroup = rows.every(({ after }) => after !== undefined && asked.isMeant(groupOf(targetIn(after))));
  if (isOfGroup && has('groupId') && isGuid(asked.text)) return `groupId=${asked.text}`;
  if (isOfGroup && has('groupId') && hasNames) return shellWord(`groupName=${asked.text}`);
  if (hasNames && rows.every(({ policy }) => asked.fits(policy)))
    return shellWord(`policyName=${asked.text}`);
  return undefined;
}

/** Several rows of one policy are taken back together, where the file of the run names it by its id. */
function wheres(rows: readonly HistoryEntry[]): readonly string[] {
  const [first] = rows;
  if (first === undefined) return [];
  const { address, run } = first;
  const hasId = run.columns.length === 0 || run.columns.includes('policyId');
  if (rows.length > 1 && hasId && /^[\w-]+$/.test(address.policyId)) return [`policyId=${address.policyId}`];
  return rows.map(({ line }) => `row=${line}`);
}
