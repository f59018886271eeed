import { partOf, type Protection } from '../kinds/kind.ts';
import type { PolicyKind } from '../kinds/registry.ts';
import { isGone, entryOf, type Decision } from '../changes/decision.ts';
import { cutOff } from './cutOff.ts';
import { deploymentConcerns } from './deployment.ts';
import type { Finding, GuardKind } from './finding.ts';
import type { CurrentAssignment } from '../changes/current.ts';
import { audienceInWords, targetInWords, whoInWords } from '../changes/changeKind.ts';
import { patchBody } from '../changes/request.ts';
import { meaningConcerns } from './kindConcerns.ts';
import { filterOf } from '../targets/filter.ts';
import { everybodyOf } from '../values/guid.ts';
import { sameId } from '../values/ids.ts';
import type { JsonObject } from '../values/json.ts';
import { fitsPlatform, isOfManagedApps, type DevicePlatform } from '../targets/platforms.ts';
import { audienceKey } from '../targets/audience.ts';
import { everybodyIn, groupOf, isEverybody, isExclusion, targetIn } from '../targets/currentTarget.ts';
import { audienceConcerns, type AudienceRow } from './audience.ts';
import { countsNeeded, type CountNeeded, type CountsOf } from './countsNeeded.ts';
import type { Members } from './members.ts';

export interface GroupFact {
  readonly kind: 'ok' | 'missing' | 'notSecurity' | 'empty' | 'unchecked';
  readonly name?: string | undefined;
  /** Undefined: they were not counted. */
  readonly members?: Members | undefined;
}

export type FilterFact =
  /** With its `devicePlatformType`. */
  | { readonly kind: 'ok'; readonly platform: string; readonly name?: string }
  | { readonly kind: 'missing' | 'unchecked' };

/** What was read of the tenant besides its assignments. */
export interface TenantFacts {
  group(id: string): GroupFact;
  filter(id: string): FilterFact;
}

/** One list of assignments, and what was decided about all its rows, in input order. */
export interface JudgedList {
  readonly kind: PolicyKind;
  /** Undefined: nothing is said about whether filters fit. */
  readonly platform?: DevicePlatform | undefined;
  /** What devices lose with the policy; undefined: nothing that they would miss at once. */
  readonly protects?: Protection | undefined;
  /** What deployments under way are called that the policy is in. */
  readonly deployments?: readonly string[] | undefined;
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

const writtenRows = ({ decisions }: Pick<JudgedList, 'decisions'>): JudgedRow[] =>
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
    const entriesAfter = entriesLeft(list);
    const removesAll = rowThatRemovesAll(list, entriesAfter);
    const findings = judged.decisions.map((decision): Finding[] => refusalConcerns(decision));
    for (const row of rows)
      findings[row.at] = [
        ...cutOffConcerns(row, list, entriesAfter.map(targetIn)),
        ...changesOf(row, entriesAfter, list.kind),
        ...contradictionConcerns(row, list, entriesAfter),
        ...(row === removesAll ? concern('no-inclusion', 'no inclusion is left, so nobody gets it.') : []),
        ...clearConcerns(row),
        ...this.#newGroup(row),
        ...this.#newFilter(row, list),
        ...this.#audience(row, list, entriesAfter.map(targetIn)),
        ...deploymentConcerns(list.deployments),
      ];
    return findings;
  }

  /** What is to be counted next before a list can be judged; empty: it can be. What was asked for and not told is not asked for again. */
  countsNeeded(
    judged: Pick<JudgedList, 'assignments' | 'decisions'>,
    countsOf: CountsOf,
  ): readonly CountNeeded[] {
    const list = { ...judged, rows: writtenRows(judged) };
    const targetsAfter = entriesLeft(list).map(targetIn);
    return list.rows.flatMap((row) =>
      audienceRows(row, list, targetsAfter).flatMap((each) =>
        countsNeeded(each, countsOf, this.#maxAudience),
      ),
    );
  }

  #audience(row: JudgedRow, list: WrittenList, targetsAfter: readonly JsonObject[]): Finding[] {
    const found = audienceRows(row, list, targetsAfter).flatMap((each) =>
      audienceConcerns(each, (id) => this.#facts.group(id).members, this.#maxAudience),
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

/** A row as the members of groups are looked at for it: one that clears a list takes away each entry of it. */
function audienceRows(
  { before, after, cleared = [] }: JudgedRow,
  { assignments }: Pick<JudgedList, 'assignments'>,
  targetsAfter: readonly JsonObject[],
): readonly AudienceRow[] {
  const around = { before: assignments.map(({ target }) => target), after: targetsAfter };
  const to = after && targetIn(after);
  const froms = before === undefined ? cleared : [before];
  return froms.length === 0
    ? [{ from: undefined, to, ...around }]
    : froms.map(({ target }) => ({ from: target, to, ...around }));
}

const concern = (kind: GuardKind, what: string): Finding[] => [{ kind, what }];

/** What a row that can't be done is told as: a code says why, a message holds what differs from row to row. */
function refusalConcerns(decision: Decision): Finding[] {
  if (isGone(decision))
    return concern('gone', 'its assignment or policy is gone, or not visible to this sign-in.');
  if (decision.kind !== 'refused' || !TWICE.has(decision.code ?? '')) return [];
  const { desired } = decision.row.change;
  const body = desired && patchBody(decision.row.change, undefined);
  return concern(
    'target-twice',
    body === undefined
      ? 'another row is about the same assignment.'
      : `${audienceInWords(targetIn(body))} would be there twice.`,
  );
}

/** Intune keeps one assignment of each target. */
const TWICE: ReadonlySet<string> = new Set(['DuplicateTarget', 'AlreadyAssigned']);

function cutOffConcerns(
  row: JudgedRow,
  { protects, platform }: JudgedList,
  targetsAfter: readonly JsonObject[],
): Finding[] {
  if (protects === undefined) return [];
  const losers = cutOff(goingIn(row), row.after && targetIn(row.after), targetsAfter);
  if (losers.length === 0) return [];
  const what = platform === undefined ? protects : `${protects} (${platform})`;
  return concern('cuts-off', `${what} is lost for ${losers.join(' and ')}.`);
}

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

/** What the list has when all rows are written. */
function entriesLeft({ assignments, rows }: Pick<WrittenList, 'assignments' | 'rows'>): JsonObject[] {
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
  if (now === undefined) return concern('filter-lost', `${words} → none, leaving ${targetInWords(to)}.`);
  if (!sameId(old.id, now.id)) return concern('filter-swapped', `${words} → ${now.type} filter ${now.id}.`);
  return sameId(old.type, now.type) ? [] : concern('filter-flipped', `${words} → ${now.type}.`);
}

function exclusionConcerns(
  from: CurrentAssignment,
  to: JsonObject | undefined,
  isStillExcluded: (entry: CurrentAssignment) => boolean,
): Finding[] {
  const words = audienceInWords(from.target);
  if (to !== undefined && !isExclusion(to))
    return concern('exclusion-to-inclusion', `${words} → ${targetInWords(to)}.`);
  if (isStillExcluded(from)) return [];
  const who = whoInWords(from.target);
  return to === undefined
    ? concern('exclusion-lost', `${who} is excluded no more.`)
    : concern('exclusion-swapped', `${who} is excluded no more, ${whoInWords(to)} is.`);
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
  const words = dropped.map(({ target }) => whoInWords(target)).join(', ');
  return concern('exclusion-lost', `${words} ${dropped.length === 1 ? 'is' : 'are'} excluded no more.`);
}

function clearConcerns({ cleared }: JudgedRow): Finding[] {
  if (cleared === undefined) return [];
  const words = cleared.map(({ target }) => targetInWords(target)).join('; ');
  return concern('clear', `${words} → nothing.`);
}

/** All devices or all users, where it was not the same before. */
function newAudienceConcerns(from: JsonObject | undefined, to: JsonObject): Finding[] {
  const everybody = everybodyIn(to);
  if (everybody === undefined || (from && everybodyIn(from) === everybody)) return [];
  const kind = everybody === 'allDevices' ? 'all-devices' : 'all-users';
  return concern(kind, `${targetInWords(to)} newly.`);
}

function inclusionConcerns(from: JsonObject, to: JsonObject): Finding[] {
  const words = targetInWords(from);
  if (isExclusion(to)) return concern('inclusion-to-exclusion', `${words} → ${audienceInWords(to)}.`);
  return isEverybody(from) && !isEverybody(to) ? concern('narrowed', `${words} → ${targetInWords(to)}.`) : [];
}
