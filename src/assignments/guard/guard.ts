import { capitalized } from '../kinds/kind.ts';
import type { PolicyKind } from '../kinds/registry.ts';
import { isGone, entryOf, type Decision } from '../changes/decision.ts';
import { ABOUT_TENANT, type Finding, type GuardKind } from './finding.ts';
import type { CurrentAssignment } from '../changes/current.ts';
import { audienceInWords, targetInWords, turnOfIntent } from '../changes/changeKind.ts';
import { filterOf } from '../targets/filter.ts';
import { everybodyOf } from '../values/guid.ts';
import { sameId } from '../values/ids.ts';
import type { JsonObject } from '../values/json.ts';
import { fitsPlatform, type DevicePlatform } from '../targets/platforms.ts';
import { audienceKey } from '../targets/audience.ts';
import { everybodyIn, groupOf, isEverybody, isExclusion, targetIn } from '../targets/currentTarget.ts';
import { quoted } from '../values/quoted.ts';
import { audienceConcerns } from './audience.ts';
import type { Members } from './members.ts';

export interface GroupFact {
  readonly kind: 'ok' | 'missing' | 'notSecurity' | 'empty' | 'unchecked';
  /** Undefined: they were not counted. */
  readonly members?: Members | undefined;
}

export type FilterFact =
  /** With its `devicePlatformType`. */
  { readonly kind: 'ok'; readonly platform: string } | { readonly kind: 'missing' | 'unchecked' };

/** What was read of the tenant besides its assignments. */
export interface TenantFacts {
  group(id: string): GroupFact;
  filter(id: string): FilterFact;
}

/** One list of assignments, and what was decided about all its rows, in input order. */
export interface JudgedList {
  readonly kind: PolicyKind;
  readonly policyId: string;
  readonly name?: string | undefined;
  /** Undefined: nothing is said about whether filters fit. */
  readonly platform?: DevicePlatform | undefined;
  /** The list as it was read, with what no row is about; empty when nothing was read. */
  readonly assignments: readonly CurrentAssignment[];
  readonly decisions: readonly Decision[];
}

/** A row that is to be written. */
interface JudgedRow {
  /** Its place among the decisions. */
  readonly at: number;
  /** The assignment as it is in the list; undefined when it only comes, or when nothing was read. */
  readonly before: CurrentAssignment | undefined;
  /** The body to be sent; undefined when the assignment is to be removed. */
  readonly after: JsonObject | undefined;
  /** What a row takes away that clears the list; undefined for all others. */
  readonly cleared: readonly CurrentAssignment[] | undefined;
}

interface WrittenList extends JudgedList {
  readonly rows: readonly JudgedRow[];
}

const writtenRows = ({ decisions }: JudgedList): JudgedRow[] =>
  decisions.flatMap(({ kind, before, after }, at) =>
    kind === 'write'
      ? [
          {
            at,
            before: entryOf(before),
            after,
            cleared: before.kind === 'entries' ? before.entries : undefined,
          },
        ]
      : [],
  );

/** Judges the lists of one plan. Groups and filters that could not be checked are told of once in all of them. */
export class Guard {
  readonly #facts: TenantFacts;
  /** Members of a group from which on it must be allowed; undefined: none. */
  readonly #maxAudience: number | undefined;
  readonly #uncheckedTold = new Set<string>();

  constructor(facts: TenantFacts, maxAudience?: number) {
    this.#facts = facts;
    this.#maxAudience = maxAudience;
  }

  /** What the rows of one list do that must be allowed: of each decision, in their order. */
  judgeList(judged: JudgedList): Finding[][] {
    const rows = writtenRows(judged);
    const list = { ...judged, rows };
    const targetsAfter = targetsLeft(list);
    const removesAll = rowThatRemovesAll(list, targetsAfter);
    const findings = judged.decisions.map((decision): Finding[] => goneConcerns(decision));
    for (const row of rows)
      findings[row.at] = [
        ...changesOf(row, targetsAfter),
        ...contradictionConcerns(row, list, targetsAfter),
        ...(row === removesAll ? concern('no-inclusion', 'no inclusion is left, so nobody gets it.') : []),
        ...clearConcerns(row),
        ...this.#newGroup(row),
        ...this.#newFilter(row, list.platform),
        ...this.#audience(row, list, targetsAfter),
      ];
    return findings.map((found) =>
      found.map(({ kind, what }) => ({
        kind,
        what: ABOUT_TENANT.has(kind) ? what : `${policyInWords(list)}: ${what}`,
      })),
    );
  }

  #audience(
    { before, after, cleared = [] }: JudgedRow,
    { assignments }: WrittenList,
    targetsAfter: readonly JsonObject[],
  ): Finding[] {
    const around = { before: assignments.map(({ target }) => target), after: targetsAfter };
    const to = after && targetIn(after);
    const froms = before === undefined ? cleared : [before];
    const rows =
      froms.length === 0 ? [{ from: undefined, to }] : froms.map(({ target }) => ({ from: target, to }));
    const found = rows.flatMap((row) =>
      audienceConcerns({ ...row, ...around }, (id) => this.#facts.group(id).members, this.#maxAudience),
    );
    // Of a row that clears a list each kind is told once: findings are counted by rows.
    return found.filter(({ kind }, i) => found.findIndex((each) => each.kind === kind) === i);
  }

  #newGroup({ before, after }: JudgedRow): Finding[] {
    const id = after && groupOf(targetIn(after));
    if (id === undefined || sameId(id, before && groupOf(before.target)) || everybodyOf(id)) return [];
    switch (this.#facts.group(id).kind) {
      case 'ok':
        return [];
      case 'missing':
        return concern('group-missing', `group ${id.toLowerCase()} does not exist.`);
      case 'notSecurity':
        return concern('group-not-security', `group ${id.toLowerCase()} is no security group.`);
      case 'empty':
        return concern('group-empty', `group ${id.toLowerCase()} has no members.`);
      case 'unchecked':
        return this.#unchecked('unchecked-groups', `group ${id}`);
    }
  }

  #newFilter({ before, after }: JudgedRow, platform: DevicePlatform | undefined): Finding[] {
    const id = after && filterOf(targetIn(after))?.id;
    if (id === undefined || sameId(id, before && filterOf(before.target)?.id)) return [];
    const fact = this.#facts.filter(id);
    switch (fact.kind) {
      case 'ok':
        return platform === undefined || fitsPlatform(platform, fact.platform)
          ? []
          : concern('filter-platform', `filter ${id} is for ${fact.platform}, the policy for ${platform}.`);
      case 'missing':
        return concern('filter-missing', `filter ${id.toLowerCase()} does not exist.`);
      case 'unchecked':
        return this.#unchecked('unchecked-filters', `filter ${id}`);
    }
  }

  #unchecked(kind: GuardKind, which: string): Finding[] {
    const key = which.toLowerCase();
    if (this.#uncheckedTold.has(key)) return [];
    this.#uncheckedTold.add(key);
    return concern(kind, `${which} could not be checked.`);
  }
}

const concern = (kind: GuardKind, what: string): Finding[] => [{ kind, what }];

const goneConcerns = (decision: Decision): Finding[] =>
  isGone(decision)
    ? concern('gone', `the row finds nothing to change: ${decision.message ?? 'it is gone'}`)
    : [];

/** A group that is included and excluded afterwards, and was not before: in one tenant the exclusion wins, in another it is lost. */
function contradictionConcerns(
  { before: over, after }: JudgedRow,
  { assignments }: JudgedList,
  targetsAfter: readonly JsonObject[],
): Finding[] {
  const target = after && targetIn(after);
  const group = target && groupOf(target);
  if (target === undefined || group === undefined) return [];
  // What stays where it is brings nothing.
  if (over !== undefined && audienceKey(over.target) === audienceKey(target)) return [];
  const isContradicted = (targets: readonly JsonObject[], excludes: boolean): boolean =>
    targets.some((each) => sameId(groupOf(each), group) && isExclusion(each) === excludes);
  const before = assignments.map((each) => each.target);
  const wasSo = isContradicted(before, true) && isContradicted(before, false);
  return isContradicted(targetsAfter, !isExclusion(target)) && !wasSo
    ? concern('include-and-exclude', `group ${group} is included and excluded.`)
    : [];
}

const policyInWords = ({ kind, name, policyId }: JudgedList): string =>
  `${capitalized(kind.label.one)} ${quoted(name ?? policyId)}`;

/** The targets that the list has when all rows are written. */
function targetsLeft({ assignments, rows }: WrittenList): JsonObject[] {
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
function rowThatRemovesAll(list: WrittenList, targetsAfter: readonly JsonObject[]): JudgedRow | undefined {
  return targetsAfter.every(isExclusion)
    ? list.rows.find((row) => goingIn(row).some(({ target }) => !isExclusion(target)))
    : undefined;
}

/** What the row alone changes, as far as it must be allowed. */
function changesOf(row: JudgedRow, targetsAfter: readonly JsonObject[]): Finding[] {
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

function filterConcerns(from: JsonObject, to: JsonObject): Finding[] {
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
): Finding[] {
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
): Finding[] {
  const dropped = cleared.filter(
    ({ target }) => isExclusion(target) && !isStillExcluded(target, targetsAfter),
  );
  if (dropped.length === 0) return [];
  const words = dropped.map(({ target }) => audienceInWords(target)).join(', ');
  return concern('exclusion-dropped', `${words} ${dropped.length === 1 ? 'is' : 'are'} excluded no more.`);
}

function clearConcerns({ cleared }: JudgedRow): Finding[] {
  if (cleared === undefined) return [];
  const words = cleared.map(({ target }) => targetInWords(target)).join('; ');
  return concern('clear', `its list is cleared of ${words}.`);
}

/** All devices or all users, where it was not the same before. */
function newAudienceConcerns(from: JsonObject | undefined, to: JsonObject): Finding[] {
  const everybody = everybodyIn(to);
  if (everybody === undefined || (from && everybodyIn(from) === everybody)) return [];
  const kind = everybody === 'allDevices' ? 'all-devices' : 'all-users';
  return concern(kind, `it is newly assigned to ${targetInWords(to)}.`);
}

function inclusionConcerns(from: JsonObject, to: JsonObject): Finding[] {
  const words = `the assignment to ${targetInWords(from)}`;
  if (isExclusion(to)) return concern('inclusion-to-exclusion', `${words} becomes ${audienceInWords(to)}.`);
  return isEverybody(from) && !isEverybody(to)
    ? concern('narrowed', `${words} is narrowed to ${targetInWords(to)}.`)
    : [];
}

function intentConcerns({ before, after = {} }: JudgedRow): Finding[] {
  const turn = turnOfIntent(before, after);
  const words = `the intent for ${targetInWords(targetIn(after))}`;
  return turn ? concern('intent-turned', `${words} turns from ${turn.from} to ${turn.to}.`) : [];
}
