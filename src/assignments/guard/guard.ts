import { capitalized, partOf } from '../kinds/kind.ts';
import type { PolicyKind } from '../kinds/registry.ts';
import { isGone, entryOf, type Decision } from '../changes/decision.ts';
import { ABOUT_TENANT, type Finding, type GuardKind } from './finding.ts';
import type { CurrentAssignment } from '../changes/current.ts';
import { audienceInWords, targetInWords } from '../changes/changeKind.ts';
import { meaningConcerns } from './kindConcerns.ts';
import { filterOf } from '../targets/filter.ts';
import { everybodyOf } from '../values/guid.ts';
import { sameId } from '../values/ids.ts';
import type { JsonObject } from '../values/json.ts';
import { fitsPlatform, isOfManagedApps, type DevicePlatform } from '../targets/platforms.ts';
import { audienceKey } from '../targets/audience.ts';
import { everybodyIn, groupOf, isEverybody, isExclusion, targetIn } from '../targets/currentTarget.ts';
import { quoted } from '../values/quoted.ts';

export type GroupFact = { readonly kind: 'ok' | 'missing' | 'notSecurity' | 'empty' | 'unchecked' };

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
  readonly #uncheckedTold = new Set<string>();

  constructor(facts: TenantFacts) {
    this.#facts = facts;
  }

  /** What the rows of one list do that must be allowed: of each decision, in their order. */
  judgeList(judged: JudgedList): Finding[][] {
    const rows = writtenRows(judged);
    const list = { ...judged, rows };
    const entriesAfter = entriesLeft(list);
    const removesAll = rowThatRemovesAll(list, entriesAfter);
    const findings = judged.decisions.map((decision): Finding[] => goneConcerns(decision));
    for (const row of rows)
      findings[row.at] = [
        ...changesOf(row, entriesAfter, list.kind),
        ...contradictionConcerns(row, list, entriesAfter),
        ...(row === removesAll ? concern('no-inclusion', 'no inclusion is left, so nobody gets it.') : []),
        ...clearConcerns(row),
        ...this.#newGroup(row),
        ...this.#newFilter(row, list),
      ];
    return findings.map((found) =>
      found.map(({ kind, what }) => ({
        kind,
        what: ABOUT_TENANT.has(kind) ? what : `${policyInWords(list)}: ${what}`,
      })),
    );
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

  #newFilter(
    { before, after }: JudgedRow,
    { platform, kind }: Pick<JudgedList, 'platform' | 'kind'>,
  ): Finding[] {
    const id = after && filterOf(targetIn(after))?.id;
    if (id === undefined || sameId(id, before && filterOf(before.target)?.id)) return [];
    const fact = this.#facts.filter(id);
    switch (fact.kind) {
      case 'ok':
        if (isOfManagedApps(fact.platform) !== (kind.managedAppFilters === true))
          return concern(
            'filter-platform',
            kind.managedAppFilters
              ? `filter ${id} is for devices (${fact.platform}), the policy for managed apps.`
              : `filter ${id} is for managed apps (${fact.platform}), the policy for devices.`,
          );
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
  { before: over, after: body }: JudgedRow,
  { assignments, kind }: JudgedList,
  entriesAfter: readonly JsonObject[],
): Finding[] {
  if (body === undefined) return [];
  const after = wholeAfter(over, body);
  const target = targetIn(after);
  const group = groupOf(target);
  const isAboutSame = (entry: JsonObject): boolean => partOf(kind, entry) === partOf(kind, after);
  if (group === undefined) return [];
  // What stays where it is brings nothing.
  if (over !== undefined && audienceKey(over.target) === audienceKey(target) && isAboutSame(over.whole))
    return [];
  const isContradicted = (entries: readonly JsonObject[], excludes: boolean): boolean =>
    entries.some(
      (each) =>
        sameId(groupOf(targetIn(each)), group) &&
        isExclusion(targetIn(each)) === excludes &&
        isAboutSame(each),
    );
  const before = assignments.map(({ whole }) => whole);
  const wasSo = isContradicted(before, true) && isContradicted(before, false);
  return isContradicted(entriesAfter, !isExclusion(target)) && !wasSo
    ? concern('include-and-exclude', `group ${group} is included and excluded.`)
    : [];
}

/** What a body makes of an entry: what it does not say stays. */
const wholeAfter = (before: CurrentAssignment | undefined, body: JsonObject): JsonObject => ({
  ...before?.whole,
  ...body,
});

const policyInWords = ({ kind, name, policyId }: JudgedList): string =>
  `${capitalized(kind.label.one)} ${quoted(name ?? policyId)}`;

/** What the list has when all rows are written. */
function entriesLeft({ assignments, rows }: WrittenList): JsonObject[] {
  const written = new Set(rows.flatMap(goingIn).map(({ id }) => id.toLowerCase()));
  return [
    ...assignments.filter(({ id }) => !written.has(id.toLowerCase())).map(({ whole }) => whole),
    ...rows.flatMap(({ before, after }) => (after === undefined ? [] : [wholeAfter(before, after)])),
  ];
}

/** What a row takes away or changes. */
const goingIn = ({ before, cleared = [] }: JudgedRow): readonly CurrentAssignment[] =>
  before === undefined ? cleared : [before, ...cleared];

/** The first row that takes an inclusion away, when the list had one and is left with none. */
function rowThatRemovesAll(list: WrittenList, entriesAfter: readonly JsonObject[]): JudgedRow | undefined {
  return entriesAfter.some(givesPolicy)
    ? undefined
    : list.rows.find((row) => goingIn(row).some(({ whole }) => givesPolicy(whole)));
}

/** An app that is to be removed is given to nobody. */
const givesPolicy = (entry: JsonObject): boolean =>
  !isExclusion(targetIn(entry)) && String(entry['intent'] ?? '').toLowerCase() !== 'uninstall';

/** What the row alone changes, as far as it must be allowed. */
function changesOf(row: JudgedRow, entriesAfter: readonly JsonObject[], kind: PolicyKind): Finding[] {
  const isStillExcluded = stillExcluded(entriesAfter, kind);
  if (row.cleared !== undefined) return droppedConcerns(row.cleared, isStillExcluded);
  const from = row.before?.target;
  const to = row.after && targetIn(row.after);
  return [
    ...(from && to ? filterConcerns(from, to) : []),
    ...(row.before && isExclusion(row.before.target)
      ? exclusionConcerns(row.before, to, isStillExcluded)
      : []),
    ...(to && !isExclusion(to) ? newAudienceConcerns(from, to) : []),
    ...(from && to && !isExclusion(from) ? inclusionConcerns(from, to) : []),
    ...(row.after ? meaningConcerns({ before: row.before, after: wholeAfter(row.before, row.after) }) : []),
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
  from: CurrentAssignment,
  to: JsonObject | undefined,
  isStillExcluded: (entry: CurrentAssignment) => boolean,
): Finding[] {
  const words = audienceInWords(from.target);
  if (to !== undefined && !isExclusion(to))
    return concern('exclusion-to-inclusion', `${words} becomes an assignment to ${targetInWords(to)}.`);
  return isStillExcluded(from) ? [] : concern('exclusion-dropped', `${words} is excluded no more.`);
}

/** An exclusion counts for what it excludes from. */
const stillExcluded =
  (entriesAfter: readonly JsonObject[], kind: PolicyKind) =>
  (from: CurrentAssignment): boolean =>
    entriesAfter.some(
      (entry) =>
        isExclusion(targetIn(entry)) &&
        sameId(groupOf(targetIn(entry)), groupOf(from.target)) &&
        partOf(kind, entry) === partOf(kind, from.whole),
    );

/** One finding for all that a row drops: findings are counted by rows. */
function droppedConcerns(
  cleared: readonly CurrentAssignment[],
  isStillExcluded: (entry: CurrentAssignment) => boolean,
): Finding[] {
  const dropped = cleared.filter((entry) => isExclusion(entry.target) && !isStillExcluded(entry));
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
