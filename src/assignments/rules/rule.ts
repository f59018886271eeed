import { isOfPolicySet, type CurrentAssignment } from '../changes/current.ts';
import { targetInWords } from '../changes/changeKind.ts';
import { canonicalText } from '../changes/canonical.ts';
import { isReadOnly, partOf } from '../kinds/kind.ts';
import type { PolicyKind } from '../kinds/registry.ts';
import { asRow } from '../rows/asRow.ts';
import type { InputColumn } from '../rows/columns.ts';
import { EXTRA_COLUMNS } from '../rows/desired.ts';
import type { ReadingRules } from '../rows/rowReader.ts';
import type { Selector } from '../rows/selector.ts';
import { groupOf, isExclusion } from '../targets/currentTarget.ts';
import { filterOf, sameFilter } from '../targets/filter.ts';
import type { DevicePlatform } from '../targets/platforms.ts';
import type { JsonObject } from '../values/json.ts';
import { quoted } from '../values/quoted.ts';

/** A policy as a rule sees it. */
export interface RulePolicy {
  readonly kind: PolicyKind;
  readonly id: string;
  /** As a file can say it. */
  readonly displayName: string | undefined;
  readonly platform: DevicePlatform | undefined;
  /** As its collection shows it; undefined: nothing more is known of it. */
  readonly shown?: JsonObject;
  readonly assignments: readonly CurrentAssignment[];
}

/** What every rule is told besides what it is to do. */
export interface RuleContext {
  readonly rules: ReadingRules;
  /** Of policies, or of their assignments: by the cells that an export has of them, names of groups and filters left out. */
  readonly selector: Selector;
}

/** What became of a policy or an assignment that a rule is about. */
export type Case = DoneCase | SoCase | LeftCase;

/** There is a row for it. */
type DoneCase =
  | 'moved'
  | 'removedAsThere'
  | 'removedForOther'
  | 'takenOver'
  | 'excluded'
  | 'included'
  | 'copied'
  | 'removed'
  | 'filterSet'
  | 'filterReplaced'
  | 'filterTakenOff';

/** It is as the rule wants it. */
type SoCase = 'alreadySo' | 'alreadySoFiltered';

/** It stays as it is, though the rule is about it. */
export type LeftCase = (typeof LEFT_CASES)[number];

export const LEFT_CASES = [
  'notSelected',
  'policySet',
  'policySetsOnly',
  'unspeakable',
  'conflictSkipped',
  'takesNoTarget',
  'takesNoFilter',
  'onlyRead',
  'saysMore',
  'nobodyGetsIt',
  'groupIncluded',
  'groupExcluded',
  'bothWays',
  'otherThere',
  'isExclusion',
  'otherPlatform',
] as const;

/** A policy for which nobody but a person can tell what is meant. */
export interface RuleProblem {
  /** Its name, and its id. */
  readonly policy: string;
  readonly message: string;
  readonly remedy: string;
}

export type RuleCells = ReadonlyMap<InputColumn, string>;

/** What a rule makes of the current assignments of a tenant. */
export interface Generated {
  readonly rows: readonly RuleCells[];
  /** How often each was met, in the order of the first. */
  readonly cases: ReadonlyMap<Case, number>;
  /** With one of them the rows are not all that the rule wants. */
  readonly problems: readonly RuleProblem[];
}

/** Gathers what a rule makes. */
export class Gathered implements Generated {
  readonly rows: RuleCells[] = [];
  readonly cases = new Map<Case, number>();
  readonly problems: RuleProblem[] = [];

  count(found: Case): void {
    this.cases.set(found, (this.cases.get(found) ?? 0) + 1);
  }

  add(found: Case, cells: RuleCells): void {
    this.count(found);
    this.rows.push(cells);
  }
}

/** An assignment as a rule sees it. */
export interface RuleEntry {
  readonly policy: RulePolicy;
  readonly assignment: CurrentAssignment;
  /** The group that it includes or excludes, in lower case. */
  readonly group: string | undefined;
  readonly isExclusion: boolean;
  readonly isOfPolicySet: boolean;
  /** As an exported row says it, with what its policy is called. */
  readonly cells: RuleCells;
  /** Whether such a row says all that counts. */
  readonly isSpeakable: boolean;
}

export function ruleEntries(policy: RulePolicy, rules: ReadingRules): readonly RuleEntry[] {
  return policy.assignments.map((assignment) => {
    const { kind, cells } = asRow(assignment, policy, rules);
    return {
      ...{ policy, assignment, isSpeakable: kind === 'row' },
      group: groupOf(assignment.target)?.toLowerCase(),
      isExclusion: isExclusion(assignment.target),
      isOfPolicySet: isOfPolicySet(assignment),
      cells: new Map([...cells, ...policyCells(policy)]),
    };
  });
}

/** What people know a policy by. */
export const policyCells = ({
  displayName,
  platform,
}: Pick<RulePolicy, 'displayName' | 'platform'>): readonly (readonly [InputColumn, string])[] => [
  ['policyName', displayName ?? ''],
  ['platform', platform ?? ''],
];

/** The cells of a row that is about no assignment yet. */
export const policyRow = (policy: RulePolicy): RuleCells =>
  new Map<InputColumn, string>([
    ['policyType', policy.kind.policyType],
    ['policyId', policy.id],
    ...policyCells(policy),
  ]);

export const isSelected = (cells: RuleCells, { selector }: RuleContext): boolean =>
  selector.matches((column) => cells.get(column as InputColumn));

/** What a rule must leave alone, whatever it wants; undefined: nothing is in its way. */
export function leftAlone(entry: RuleEntry, context: RuleContext): LeftCase | undefined {
  if (!isSelected(entry.cells, context)) return 'notSelected';
  if (entry.isOfPolicySet) return 'policySet';
  if (isOnlyRead(entry.policy)) return 'onlyRead';
  return entry.isSpeakable ? undefined : 'unspeakable';
}

/** Nothing of its kind is written here. */
export const isOnlyRead = ({ kind }: Pick<RulePolicy, 'kind'>): boolean => kind.write.how === 'refused';

/**
 * A policy as one for each thing that it does: an app that some must have and others must lose is two, and a group may well be in both. One
 * without assignments is one.
 */
export function partsOf(policy: RulePolicy): readonly RulePolicy[] {
  const parts = Map.groupBy(policy.assignments, ({ whole }) => partOf(policy.kind, whole));
  return parts.size <= 1 ? [policy] : [...parts.values()].map((assignments) => ({ ...policy, assignments }));
}

/** Whether a policy can be given an assignment, as far as its kind and what is known of it tell. */
export const takes = ({ kind, shown }: RulePolicy, after: JsonObject, before?: JsonObject): boolean =>
  shown === undefined || kind.refuses?.(shown, after, before) === undefined;

/** Cells with others in their place; undefined ones are blank. */
export function cellsWith(
  cells: RuleCells,
  others: { readonly [column in InputColumn]?: string | undefined },
): RuleCells {
  const changed = new Map(cells);
  for (const [column, text] of Object.entries(others) as [InputColumn, string | undefined][])
    if (text === undefined) changed.delete(column);
    else changed.set(column, text);
  return changed;
}

/**
 * The row that adds an assignment. Its `from…` columns say the same once more, so that a column that is sorted alone is found out.
 * @param cells of its policy, and of what it is to be
 */
export const adding = (cells: RuleCells): RuleCells =>
  cellsWith(cells, {
    action: 'add',
    assignmentId: undefined,
    fromTargetType: cells.get('targetType'),
    fromGroupId: cells.get('groupId'),
    fromFilterId: cells.get('filterId'),
  });

/** The row that removes an assignment, which says what it must find. */
export const removing = ({ cells }: RuleEntry): RuleCells => cellsWith(cells, { action: 'remove' });

/** Whether two assignments of a policy carry the same filter, and the same beside their targets. */
export const carrySame = (a: RuleEntry, b: RuleEntry): boolean =>
  sameFilter(filterOf(a.assignment.target), filterOf(b.assignment.target)) &&
  intentOf(a) === intentOf(b) &&
  besideOf(a) === besideOf(b) &&
  moreOf(a) === moreOf(b);

/** What columns say of it besides its intent. */
export const BESIDE_COLUMNS = ['settings', 'runSchedule', 'runRemediationScript'] as const;

const besideOf = ({ assignment: { whole } }: RuleEntry): string =>
  canonicalText(BESIDE_COLUMNS.map((column) => whole[column] ?? null));

/** An assignment without an intent applies. */
const intentOf = ({ assignment: { whole } }: RuleEntry): string =>
  String(whole['intent'] ?? 'apply').toLowerCase();

/** What an assignment carries that no column says; '' when it is nothing. */
export function moreOf({ policy: { kind }, assignment: { whole } }: RuleEntry): string {
  const more = kind.ownFields.flatMap(({ name }) => {
    const value = whole[name];
    const isSaid = EXTRA_COLUMNS.some((column) => column === name) || isReadOnly(kind, name);
    return isSaid || value === undefined || value === null ? [] : [[name, value]];
  });
  return more.length === 0 ? '' : canonicalText(more);
}

/** An assignment for a person, under its id. */
export function entryInWords({ assignment: { id, target, whole } }: RuleEntry): string {
  const intent = typeof whole['intent'] === 'string' ? `, intent ${whole['intent']}` : '';
  return `${targetInWords(target)}${intent} (${id})`;
}

export const policyInWords = ({ displayName, id }: RulePolicy): string =>
  displayName === undefined || displayName === '' ? id : `${quoted(displayName)} (${id})`;
