import type { CurrentAssignment } from '../changes/current.ts';
import { audienceInWords, targetInWords, turnOfIntent } from '../changes/changeKind.ts';
import { filterOf } from '../targets/filter.ts';
import { everybodyOf } from '../values/guid.ts';
import { sameId } from '../values/ids.ts';
import type { JsonObject } from '../values/json.ts';
import { fitsPlatform, type DevicePlatform } from '../targets/platforms.ts';
import type { PolicyType } from '../kinds/policyKinds.ts';
import { everybodyIn, groupOf, isEverybody, isExclusion, targetIn } from '../targets/currentTarget.ts';
import { quoted } from '../values/quoted.ts';

/** What the guard stops unless it is allowed by name and count, in the order in which it is shown. */
export const GUARD_KINDS = [
  'filter-lost',
  'filter-flipped',
  'filter-swapped',
  'exclusion-dropped',
  'exclusion-to-inclusion',
  'inclusion-to-exclusion',
  'all-devices',
  'all-users',
  'narrowed',
  'intent-turned',
  'no-inclusion',
  'clear',
  'group-missing',
  'group-not-security',
  'group-empty',
  'unchecked-groups',
  'filter-missing',
  'filter-platform',
  'unchecked-filters',
  'max-changes',
  'no-undo',
] as const;
export type GuardKind = (typeof GUARD_KINDS)[number];

/** One row that does something which somebody should know of before. */
export interface Finding {
  readonly kind: GuardKind;
  readonly line: number;
  /** A sentence for a person. Holds names from Graph as they are, so it is made visible before a terminal shows it. */
  readonly what: string;
}

export type GroupFact = { readonly kind: 'ok' | 'missing' | 'notSecurity' | 'empty' | 'unchecked' };

export type FilterFact =
  /** With its `devicePlatformType`. */
  { readonly kind: 'ok'; readonly platform: string } | { readonly kind: 'missing' | 'unchecked' };

/** What was read of the tenant besides its assignments. */
export interface TenantFacts {
  group(id: string): GroupFact;
  filter(id: string): FilterFact;
}

/** A row that is to be written. */
export interface JudgedRow {
  readonly line: number;
  /** The assignment as it is in the list; undefined when it is not there, or only comes, or when nothing was read. */
  readonly before: CurrentAssignment | undefined;
  /** The body to be sent; undefined when the assignment is to be removed. */
  readonly after: JsonObject | undefined;
  /** What a row takes away that clears the list; undefined for all others. */
  readonly cleared?: readonly CurrentAssignment[] | undefined;
}

/** One list of assignments, and all rows that are to be written to it, in input order. */
export interface JudgedList {
  readonly policyType: PolicyType;
  readonly policyId: string;
  readonly name?: string | undefined;
  /** Undefined: nothing is said about whether filters fit. */
  readonly platform?: DevicePlatform | undefined;
  /** The list as it was read, with what no row is about; empty when nothing was read. */
  readonly assignments: readonly CurrentAssignment[];
  readonly rows: readonly JudgedRow[];
}

type Concern = Pick<Finding, 'kind' | 'what'>;

/** Judges the lists of one plan. Groups and filters that could not be checked are told of once in all of them. */
export class Guard {
  readonly #facts: TenantFacts;
  readonly #uncheckedTold = new Set<string>();

  constructor(facts: TenantFacts) {
    this.#facts = facts;
  }

  /** What the rows of one list do that must be allowed, row by row. */
  judgeList(list: JudgedList): Finding[] {
    const targetsAfter = targetsLeft(list);
    const leavesNone = rowThatLeavesNone(list, targetsAfter);
    return list.rows.flatMap((row) =>
      [
        ...changesOf(row, targetsAfter),
        ...(row === leavesNone ? concern('no-inclusion', 'no inclusion is left, so nobody gets it.') : []),
        ...clearConcerns(row),
        ...this.#newGroup(row),
        ...this.#newFilter(row, list.platform),
      ].map(({ kind, what }) => ({ kind, line: row.line, what: `${policyInWords(list)}: ${what}` })),
    );
  }

  #newGroup({ before, after }: JudgedRow): Concern[] {
    const id = after && groupOf(targetIn(after));
    if (id === undefined || sameId(id, before && groupOf(before.target)) || everybodyOf(id)) return [];
    switch (this.#facts.group(id).kind) {
      case 'ok':
        return [];
      case 'missing':
        return concern('group-missing', `group ${id} does not exist.`);
      case 'notSecurity':
        return concern('group-not-security', `group ${id} is no security group.`);
      case 'empty':
        return concern('group-empty', `group ${id} has no members.`);
      case 'unchecked':
        return this.#unchecked('unchecked-groups', `group ${id}`);
    }
  }

  #newFilter({ before, after }: JudgedRow, platform: DevicePlatform | undefined): Concern[] {
    const id = after && filterOf(targetIn(after))?.id;
    if (id === undefined || sameId(id, before && filterOf(before.target)?.id)) return [];
    const fact = this.#facts.filter(id);
    switch (fact.kind) {
      case 'ok':
        return platform === undefined || fitsPlatform(platform, fact.platform)
          ? []
          : concern('filter-platform', `filter ${id} is for ${fact.platform}, the policy for ${platform}.`);
      case 'missing':
        return concern('filter-missing', `filter ${id} does not exist.`);
      case 'unchecked':
        return this.#unchecked('unchecked-filters', `filter ${id}`);
    }
  }

  #unchecked(kind: GuardKind, which: string): Concern[] {
    const key = which.toLowerCase();
    if (this.#uncheckedTold.has(key)) return [];
    this.#uncheckedTold.add(key);
    return concern(kind, `${which} could not be checked.`);
  }
}

const concern = (kind: GuardKind, what: string): Concern[] => [{ kind, what }];

const policyInWords = ({ policyType, name, policyId }: JudgedList): string =>
  `${policyType === 'deviceConfiguration' ? 'Configuration' : 'Compliance policy'} ${quoted(name ?? policyId)}`;

/** The targets that the list has when all rows are written. */
function targetsLeft({ assignments, rows }: JudgedList): JsonObject[] {
  const written = new Set(rows.flatMap(goingIn).map(({ id }) => id.toLowerCase()));
  return [
    ...assignments.filter(({ id }) => !written.has(id.toLowerCase())).map(({ target }) => target),
    ...rows.flatMap(({ after }) => (after === undefined ? [] : [targetIn(after)])),
  ];
}

/** What a row takes away or changes. */
const goingIn = ({ before, cleared = [] }: JudgedRow): readonly CurrentAssignment[] =>
  before === undefined ? cleared : [before, ...cleared];

/** The first row that takes an inclusion away, when the list had one and is left with none. */
function rowThatLeavesNone(list: JudgedList, targetsAfter: readonly JsonObject[]): JudgedRow | undefined {
  return targetsAfter.every(isExclusion)
    ? list.rows.find((row) => goingIn(row).some(({ target }) => !isExclusion(target)))
    : undefined;
}

/** What the row alone changes, as far as it must be allowed. */
function changesOf(row: JudgedRow, targetsAfter: readonly JsonObject[]): Concern[] {
  if (row.cleared !== undefined) return droppedConcerns(row.cleared, targetsAfter);
  const from = row.before?.target;
  const to = row.after && targetIn(row.after);
  return [
    ...(from && to ? filterConcerns(from, to) : []),
    ...(from && isExclusion(from) ? exclusionConcerns(from, to, targetsAfter) : []),
    ...(to && !isExclusion(to) ? newAudienceConcerns(from, to) : []),
    ...(from && to && !isExclusion(from) ? inclusionConcerns(from, to) : []),
    ...(to ? intentConcerns(row) : []),
  ];
}

function filterConcerns(from: JsonObject, to: JsonObject): Concern[] {
  const [old, now] = [filterOf(from), filterOf(to)];
  if (old === undefined) return [];
  const words = `${old.type} filter ${old.id}`;
  if (now === undefined) return concern('filter-lost', `the ${words} is lost, leaving ${targetInWords(to)}.`);
  if (!sameId(old.id, now.id))
    return concern('filter-swapped', `the ${words} gives way to the ${now.type} filter ${now.id}.`);
  return sameId(old.type, now.type)
    ? []
    : concern('filter-flipped', `the ${words} is flipped to ${now.type}.`);
}

function exclusionConcerns(
  from: JsonObject,
  to: JsonObject | undefined,
  targetsAfter: readonly JsonObject[],
): Concern[] {
  const words = audienceInWords(from);
  if (to !== undefined && !isExclusion(to))
    return concern('exclusion-to-inclusion', `${words} becomes an assignment to ${targetInWords(to)}.`);
  return isStillExcluded(from, targetsAfter)
    ? []
    : concern('exclusion-dropped', `${words} is excluded no more.`);
}

const isStillExcluded = (from: JsonObject, targetsAfter: readonly JsonObject[]): boolean =>
  targetsAfter.some((target) => isExclusion(target) && sameId(groupOf(target), groupOf(from)));

/** One finding for all that a row drops: findings are counted by rows. */
function droppedConcerns(
  cleared: readonly CurrentAssignment[],
  targetsAfter: readonly JsonObject[],
): Concern[] {
  const dropped = cleared.filter(
    ({ target }) => isExclusion(target) && !isStillExcluded(target, targetsAfter),
  );
  if (dropped.length === 0) return [];
  const words = dropped.map(({ target }) => audienceInWords(target)).join(', ');
  return concern('exclusion-dropped', `${words} ${dropped.length === 1 ? 'is' : 'are'} excluded no more.`);
}

function clearConcerns({ cleared }: JudgedRow): Concern[] {
  if (cleared === undefined) return [];
  const words = cleared.map(({ target }) => targetInWords(target)).join('; ');
  return concern('clear', `its list is cleared of ${words}.`);
}

/** All devices or all users, where it was not the same before. */
function newAudienceConcerns(from: JsonObject | undefined, to: JsonObject): Concern[] {
  const everybody = everybodyIn(to);
  if (everybody === undefined || (from && everybodyIn(from) === everybody)) return [];
  const kind = everybody === 'allDevices' ? 'all-devices' : 'all-users';
  return concern(kind, `it is newly assigned to ${targetInWords(to)}.`);
}

function inclusionConcerns(from: JsonObject, to: JsonObject): Concern[] {
  const words = `the assignment to ${targetInWords(from)}`;
  if (isExclusion(to)) return concern('inclusion-to-exclusion', `${words} becomes ${audienceInWords(to)}.`);
  return isEverybody(from) && !isEverybody(to)
    ? concern('narrowed', `${words} is narrowed to ${targetInWords(to)}.`)
    : [];
}

function intentConcerns({ before, after = {} }: JudgedRow): Concern[] {
  const turn = turnOfIntent(before, after);
  const words = `the intent for ${targetInWords(targetIn(after))}`;
  return turn ? concern('intent-turned', `${words} turns from ${turn.from} to ${turn.to}.`) : [];
}
