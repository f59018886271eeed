import { canonicalText } from '../assignments/changes/canonical.ts';
import { audienceInWords } from '../assignments/changes/changeKind.ts';
import { NOTHING } from '../assignments/changes/beforeInWords.ts';
import type { CurrentAssignment } from '../assignments/changes/current.ts';
import { entriesOf, entryOf, type Before } from '../assignments/changes/decision.ts';
import type { Called } from '../assignments/names/calledIds.ts';
import { groupOf, isExclusion, targetIn } from '../assignments/targets/currentTarget.ts';
import { filterOf } from '../assignments/targets/filter.ts';
import type { JsonObject } from '../assignments/values/json.ts';
import { visible } from '../assignments/values/visible.ts';

/** One side of a difference: `group`, `GRP-Sales`, its id. What nobody would see in it is spelled out. */
export interface Side {
  readonly words: string;
  /** What people call it, where that is known. */
  readonly name?: string;
  readonly id?: string;
}

/** What a row makes of one part of an assignment. No side: there was or is nothing of it. */
export interface PartDiff {
  /** `target`, `filter`, `intent`, or a field of the kind's own. */
  readonly part: string;
  /** Several where a list is cleared. */
  readonly before: readonly Side[];
  readonly after: Side | undefined;
  readonly isChanged: boolean;
}

/** A field of a kind's own may be of any length. */
const VALUE_CHARS_MAX = 200;

const NO_FILTER: Side = { words: 'no filter' };
const NONE: Side = { words: NOTHING };
const UNREAD: Side = { words: 'not read' };

/**
 * What a row changes, or would have, part by part, the target first; filters and intents only where there are or were any.
 * @param after the body that is written, as a PATCH says it: what it does not say stays; undefined: it is removed
 * @param called what people call groups and filters
 */
export function rowDiff(before: Before, after: JsonObject | undefined, called: Called): readonly PartDiff[] {
  const was = entriesOf(before);
  const entry = entryOf(before);
  const targets = was.map(({ target }) => targetSide(target, called));
  const target: PartDiff = {
    part: 'target',
    before: targets.length > 0 ? targets : [before.kind === 'notRead' ? UNREAD : NONE],
    after: after === undefined ? NONE : targetSide(targetIn(after), called),
    isChanged: true,
  };
  const isKept = after !== undefined && entry !== undefined && sameSides(target.before, target.after ?? NONE);
  return [
    { ...target, isChanged: !isKept },
    ...filterDiff(was, before, after, called),
    ...intentDiff(entry, after),
    ...ownDiffs(entry, after),
  ];
}

/** Who a target is about, without its filter. */
export function targetSide(target: JsonObject, called: Called): Side {
  const id = groupOf(target);
  if (id === undefined) return { words: visible(audienceInWords(target)) };
  return { words: isExclusion(target) ? 'excluded group' : 'group', ...named(id, called) };
}

function named(id: string, called: Called): Pick<Side, 'name' | 'id'> {
  const name = called[id.toLowerCase()];
  return { id: visible(id), ...(name ? { name: visible(name) } : {}) };
}

function filterSide(target: JsonObject, called: Called): Side | undefined {
  const filter = filterOf(target);
  return filter && { words: visible(`${filter.type.toLowerCase()} filter`), ...named(filter.id, called) };
}

function filterDiff(
  was: readonly CurrentAssignment[],
  before: Before,
  after: JsonObject | undefined,
  called: Called,
): readonly PartDiff[] {
  const had = was.map(({ target }) => filterSide(target, called));
  const gets = after && filterSide(targetIn(after), called);
  if (gets === undefined && had.every((each) => each === undefined)) return [];
  const sides = had.length > 0 ? had.map((each) => each ?? NO_FILTER) : [];
  const to = after === undefined ? undefined : (gets ?? NO_FILTER);
  const isChanged = before.kind !== 'entry' || to === undefined || !sameSides(sides, to);
  return [{ part: 'filter', before: sides, after: to, isChanged }];
}

function intentDiff(
  entry: CurrentAssignment | undefined,
  after: JsonObject | undefined,
): readonly PartDiff[] {
  const said = textIn(entry?.whole['intent']);
  const gets = after && (textIn(after['intent']) ?? said);
  // A configuration's assignment without one applies.
  const had = said ?? (entry && (gets === 'remove' ? 'apply' : gets));
  if (had === undefined && gets === undefined) return [];
  return [
    {
      part: 'intent',
      before: had === undefined ? [] : [{ words: visible(had) }],
      after: gets === undefined ? undefined : { words: visible(gets) },
      isChanged: had !== gets,
    },
  ];
}

const textIn = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

/** Told beside, or what Graph keeps for itself. */
const NOT_OWN: ReadonlySet<string> = new Set(['id', 'target', 'intent', 'source', 'sourceId']);

/** What a kind's assignments carry besides: settings, a schedule. What stays as it is goes without saying. */
function ownDiffs(entry: CurrentAssignment | undefined, after: JsonObject | undefined): readonly PartDiff[] {
  return Object.entries(after ?? {}).flatMap(([part, value]): PartDiff[] => {
    const had = entry?.whole[part];
    if (NOT_OWN.has(part) || part.startsWith('@')) return [];
    if (isBlank(had) && isBlank(value)) return [];
    if (canonicalText(had) === canonicalText(value)) return [];
    return [
      {
        part: visible(part),
        before: isBlank(had) ? [] : [valueSide(had)],
        after: isBlank(value) ? undefined : valueSide(value),
        isChanged: true,
      },
    ];
  });
}

const isBlank = (value: unknown): boolean => value === undefined || value === null;

function valueSide(value: unknown): Side {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return {
    words: visible(text.length <= VALUE_CHARS_MAX ? text : `${text.slice(0, VALUE_CHARS_MAX - 1)}…`),
  };
}

const sameSides = (before: readonly Side[], after: Side): boolean =>
  before.length === 1 &&
  before[0]?.words === after.words &&
  before[0].id?.toLowerCase() === after.id?.toLowerCase();

/** `group GRP-Sales (1234…)`, the id whole. */
export const sideInWords = ({ words, name, id }: Side): string =>
  [words, name, id === undefined ? undefined : name === undefined ? id : `(${id})`].filter(Boolean).join(' ');
