import type { Address } from '../kinds/address.ts';
import { groupOf, targetIn } from '../targets/currentTarget.ts';
import type { JsonObject } from '../values/json.ts';
import { isControl } from './canonical.ts';
import { targetInWords } from './changeKind.ts';
import type { CurrentAssignment } from './current.ts';
import { holds } from './holds.ts';

/** What a list holds, held against what was sent for it. */
export interface ListDifferences {
  /** Sent, and nothing of that identity is there. */
  readonly missing: readonly JsonObject[];
  /** Sent, and there in another way: with another filter, intent or setting. */
  readonly different: readonly { readonly sent: JsonObject; readonly found: CurrentAssignment }[];
  /** There, and not sent: another hand may have added it. */
  readonly extra: readonly CurrentAssignment[];
}

/**
 * Compares a list that was sent with the list that was read back, entry by entry and whatever their order. What Graph sets by itself
 * (ids, where an assignment comes from, properties that were not sent) does not count.
 * @param address of the list; its assignment does not count
 */
export function listDifferences(
  sent: readonly JsonObject[],
  read: readonly CurrentAssignment[],
  address: Address,
): ListDifferences {
  const free = new Set(read);
  const taken = (fits: (current: CurrentAssignment) => boolean): CurrentAssignment | undefined => {
    const found = [...free].find(fits);
    if (found !== undefined) free.delete(found);
    return found;
  };
  const unfound = sent.filter((entry) => {
    const desired = { kind: 'raw', body: ownOf(entry) } as const;
    return taken((current) => holds({ address, desired }, current)) === undefined;
  });
  const { identity } = address.kind;
  const missing: JsonObject[] = [];
  const different: { sent: JsonObject; found: CurrentAssignment }[] = [];
  for (const entry of unfound) {
    const found = taken(({ whole }) => identity(whole) === identity(entry));
    if (found === undefined) missing.push(entry);
    else different.push({ sent: entry, found });
  }
  return { missing, different, extra: [...free] };
}

/** Where an assignment comes from is Graph's to say, also where it takes what is sent. */
const SET_BY_GRAPH: ReadonlySet<string> = new Set(['id', 'source', 'sourceId', 'lastModifiedDateTime']);

const ownOf = (entry: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.entries(entry).filter(([name]) => !SET_BY_GRAPH.has(name) && !isOnlyControl(name)),
  );

/** The type of the entry is no difference either, as `holds` has it. */
const isOnlyControl = (name: string): boolean => name !== '@odata.type' && isControl(name);

/** What of a list that was sent is not there as it was sent. */
export const isLossy = ({ missing, different }: ListDifferences): boolean =>
  missing.length + different.length > 0;

/** The assignment that stands in the place of one that is missing: of the same group, and not sent. */
export const turnedInto = (
  missing: JsonObject,
  { extra }: ListDifferences,
): CurrentAssignment | undefined => {
  const group = groupOf(targetIn(missing))?.toLowerCase();
  return group === undefined
    ? undefined
    : extra.find(({ target }) => groupOf(target)?.toLowerCase() === group);
};

/** Entries that are named one by one; of more only the number is told. */
const NAMED_MAX = 5;

/** As in `lacks excluded group 1234…; has all devices with another filter, intent or setting than was sent`. */
export function differencesInWords({ missing, different }: ListDifferences): string {
  const lacks = named(missing.map((entry) => targetInWords(targetIn(entry))));
  const has = named(
    different.map(({ sent, found }) => `${asShown(found.whole)} where ${asShown(sent)} was sent`),
  );
  return [...(lacks === '' ? [] : [`lacks ${lacks}`]), ...(has === '' ? [] : [`has ${has}`])].join('; ');
}

export const extraInWords = ({ extra }: ListDifferences): string =>
  named(extra.map(({ target }) => targetInWords(target)));

function named(words: readonly string[]): string {
  const shown = words.slice(0, NAMED_MAX).join(', ');
  return words.length > NAMED_MAX ? `${shown} and ${words.length - NAMED_MAX} more` : shown;
}

const asShown = (entry: JsonObject): string => {
  const intent = entry['intent'];
  return `${targetInWords(targetIn(entry))}${typeof intent === 'string' ? `, intent ${intent}` : ''}`;
};
