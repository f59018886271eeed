import { NAME_COLUMNS } from '../assignments/names/namedCells.ts';
import { INPUT_COLUMNS, type InputColumn } from '../assignments/rows/columns.ts';
import type { ReadingRules } from '../assignments/rows/rowReader.ts';
import type { Selector } from '../assignments/rows/selector.ts';
import { NO_ACTION } from '../assignments/rows/action.ts';
import {
  policyRow,
  ruleEntries,
  type RuleCells,
  type RuleEntry,
  type RulePolicy,
} from '../assignments/rules/rule.ts';
import { kindOf, kindsIn, type PolicyKind, type PolicyType } from '../assignments/kinds/registry.ts';
import { everybodyOf } from '../assignments/values/guid.ts';
import { withNames } from './names/namesOf.ts';
import { readableKinds } from './readableKinds.ts';
import type { Services } from './services.ts';
import { shownPolicies } from './shownPolicies.ts';
import { withReads } from './withReads.ts';

/** The tenant's assignments as rows that `plan` reads, with the columns that they have. */
export interface Export {
  readonly columns: readonly InputColumn[];
  readonly rows: readonly ReadonlyMap<InputColumn, string>[];
  /** Policies whose assignments these rows are. */
  readonly policies: number;
  /** Rows of policies that nobody is assigned to, one each: they ask for nothing. */
  readonly unassigned: number;
  /** Groups that these rows name, and those of them that have no name: they are gone, or may not be read. */
  readonly groups: number;
  readonly unnamedGroups: number;
  /** Assignments that are no rows: of policy sets, and such as no row can say. */
  readonly leftOut: { readonly policySet: number; readonly unspeakable: number };
  /**
   * A sentence for each kind of policy that the tenant does not show whole: of such a kind there is nothing, as a part would look
   * like the whole.
   */
  readonly notShown: readonly string[];
  /** Kinds that were not asked for, as the token of this sign-in does not allow them. */
  readonly notAllowed: readonly PolicyKind[];
}

/**
 * Reads the assignments of all policies, or of those of one type.
 * @throws UserError (exit 4) when the tenant shows none of them
 */
export const exportAssignments = (
  { type, selector }: { readonly type: PolicyType | undefined; readonly selector: Selector },
  services: Services,
): Promise<Export> =>
  withReads(services, async (send, base) => {
    const { config } = services.identity;
    const { kinds, others: notAllowed } =
      type === undefined
        ? readableKinds(kindsIn(config.apiVersion), services.identity)
        : { kinds: [kindOf(type)], others: [] };
    const { policies: shown, notShown } = await shownPolicies(kinds, send, base, services);
    const entries = shown.flatMap((policy): readonly Entry[] =>
      policy.assignments.length === 0
        ? [{ policy, cells: unassignedRow(policy), isSpeakable: true, isOfPolicySet: false }]
        : ruleEntries(policy, fileRules(services)),
    );
    // Names cost a read a group: where nothing is selected by them, only those of what is selected are read.
    const isByName = selector.columns.some((column) => NAME_COLUMNS.includes(column as InputColumn));
    const all = entries.map(({ cells }) => cells);
    const called = isByName ? await withNames(all, send, base) : all;
    const found = entries.flatMap((entry, i) => {
      const cells = called[i] ?? entry.cells;
      return selector.matches((column) => cells.get(column as InputColumn)) ? [{ ...entry, cells }] : [];
    });
    const sayable = found.filter((entry) => entry.isSpeakable && !entry.isOfPolicySet);
    const plain = sayable.map(({ cells }) => cells);
    const rows = isByName ? plain : await withNames(plain, send, base);
    const policySet = found.filter((entry) => entry.isOfPolicySet).length;
    const groups = groupsNamedIn(rows);
    const assigned = sayable.filter(({ policy: { assignments } }) => assignments.length > 0);
    return {
      ...{ rows, columns: exportColumns(rows), notShown, notAllowed },
      policies: new Set(assigned.map(({ policy }) => policy)).size,
      unassigned: sayable.length - assigned.length,
      ...{ groups: groups.size, unnamedGroups: [...groups.values()].filter((name) => name === '').length },
      leftOut: { policySet, unspeakable: found.length - sayable.length - policySet },
    };
  });

/** The names of the groups that rows are about, by their ids; everybody is no group. */
const groupsNamedIn = (rows: readonly RuleCells[]): ReadonlyMap<string, string> =>
  new Map(
    rows.flatMap((cells) => {
      const id = cells.get('groupId')?.toLowerCase();
      return id === undefined || everybodyOf(id) !== undefined ? [] : [[id, cells.get('groupName') ?? '']];
    }),
  );

type Entry = Pick<RuleEntry, 'policy' | 'cells' | 'isSpeakable' | 'isOfPolicySet'>;

/** The row of a policy that nobody is assigned to. */
const unassignedRow = (policy: RulePolicy): RuleCells =>
  new Map([...policyRow(policy), ['action', NO_ACTION]]);

/** How rows are read that are written for the tenant of these services. */
export const fileRules = ({ identity: { config } }: Pick<Services, 'identity'>): ReadingRules => ({
  root: config.graphUrl,
  apiVersion: config.apiVersion,
  blind: false,
});

/** All that a current assignment can say. */
export const EXPORT_COLUMNS: readonly InputColumn[] = INPUT_COLUMNS.filter(
  (column) => !['via', 'url', 'source', 'sourceId', 'target', 'body', 'note'].includes(column),
);

/** First stands the column that makes a row of what there is one of what is to be done. */
const exportColumns = (rows: readonly RuleCells[]): readonly InputColumn[] => [
  'action',
  ...columnsOf(rows).filter((column) => column !== 'action'),
];

const ALWAYS: readonly InputColumn[] = [
  ...(['policyType', 'policyId', 'assignmentId', 'targetType'] as const),
  ...(['policyName', 'platform'] as const),
];

/** Those that rows have, in their order, and those that stand in every such file. */
export function columnsOf(rows: readonly ReadonlyMap<InputColumn, string>[]): readonly InputColumn[] {
  const used = new Set([...ALWAYS, ...rows.flatMap((cells) => [...cells.keys()])]);
  return INPUT_COLUMNS.filter((column) => used.has(column));
}
