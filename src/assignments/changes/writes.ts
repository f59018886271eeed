import { listPath } from '../kinds/address.ts';
import { isReadOnly } from '../kinds/kind.ts';
import type { Change, DesiredChange } from '../rows/change.ts';
import type { JsonObject } from '../values/json.ts';
import { isControl } from './canonical.ts';
import type { CurrentAssignment } from './current.ts';
import { entriesOf, entryOf, type Decision } from './decision.ts';
import { entryAfter } from './entryAfter.ts';
import type { Snapshot } from './planBatch.ts';
import { sentEntry } from './sentEntry.ts';
import { assignRequest, deleteRequest, patchRequest, postRequest, type WriteRequest } from './request.ts';

/** One request, and the decisions that it carries out: one by itself, all of a list by `assign`. */
export interface Write<D> {
  readonly request: WriteRequest;
  readonly decisions: readonly D[];
  /** Of one by `assign`: the list as it was and as it is sent. */
  readonly list?: WrittenList;
}

/** A list that is written whole, in Graph's shape: what it held, and what was sent for it. */
export interface WrittenList {
  readonly before: readonly JsonObject[];
  readonly sent: readonly JsonObject[];
  /** Where something of it was lost: the fingerprint of the list as it was read back. */
  readonly seen?: string;
}

/**
 * The requests that decisions ask for and that may go now. What waits for another row is not among them, nor is a list of which
 * one does.
 */
export function writesOf<R extends { readonly change: Change }>(
  decisions: readonly Decision<R>[],
  snapshot: Snapshot,
): Write<Decision<R>>[] {
  const writing = decisions.filter(({ kind }) => kind === 'write');
  const patches = writing.flatMap((decision) =>
    decision.via === 'patch' && decision.waitsFor.length === 0 && decision.after !== undefined
      ? [
          {
            request: patchRequest(decision.row.change, decision.after, entryOf(decision.before)),
            decisions: [decision],
          },
        ]
      : [],
  );
  const whole = Map.groupBy(
    writing.filter(({ via }) => via === 'assign'),
    ({ row }) => listPath(row.change.address),
  );
  const lists = [...whole].flatMap(([path, ofList]) => {
    const reading = snapshot.get(path);
    const [first] = ofList;
    if (first === undefined || reading?.kind !== 'list' || ofList.some(({ waitsFor }) => waitsFor.length > 0))
      return [];
    const sent = listAfter(ofList, reading.assignments);
    const before = reading.assignments.map(({ whole: entry }) => entry);
    return [
      {
        request: assignRequest(first.row.change.address, sent),
        decisions: ofList,
        list: { before, sent },
      },
    ];
  });
  const single = writing.flatMap((decision) => {
    const request = decision.waitsFor.length === 0 ? singleRequest(decision) : undefined;
    return request === undefined ? [] : [{ request, decisions: [decision] }];
  });
  return [...patches, ...single, ...lists];
}

function singleRequest({ row: { change }, via, after, before, removes }: Decision): WriteRequest | undefined {
  if (via === 'delete') return removes && deleteRequest(change.address, removes);
  return via === 'post' && after !== undefined && change.desired !== undefined
    ? postRequest(change.address, newEntry(change, entryOf(before), after))
    : undefined;
}

/** What the old entry carried goes with the new one, but for what Graph says of it by itself. */
function newEntry(change: DesiredChange, over: CurrentAssignment | undefined, body: JsonObject): JsonObject {
  const { kind } = change.address;
  const isOwn = (name: string): boolean =>
    name === '@odata.type' || !(isControl(name) || isReadOnly(kind, name));
  return Object.fromEntries(
    Object.entries(entryAfter(change, over, body)).filter(([name]) => over === undefined || isOwn(name)),
  );
}

/**
 * A list as it is to be written: what no decision is about stays value for value (in the spelling that its kind takes), and
 * what comes stands behind it.
 * @param decisions the writes of the list
 */
export function listAfter(
  decisions: readonly Decision[],
  list: readonly CurrentAssignment[],
): readonly JsonObject[] {
  const entryFor = new Map<CurrentAssignment, JsonObject>();
  const gone = new Set<CurrentAssignment>();
  const added: JsonObject[] = [];
  for (const { row, before, after, via, removes } of decisions) {
    const { change } = row;
    const over = entryOf(before);
    if (removes !== undefined) {
      gone.add(removes);
      continue;
    }
    if (via === 'post' && after !== undefined && change.desired !== undefined) {
      added.push(newEntry(change, over, after));
      continue;
    }
    if (after === undefined || change.desired === undefined)
      for (const each of entriesOf(before)) gone.add(each);
    else if (over === undefined) added.push(entryAfter(change, over, after));
    else entryFor.set(over, entryAfter(change, over, after));
  }
  const kept = list.filter((each) => !gone.has(each));
  const entries = [...kept.map((each) => entryFor.get(each) ?? each.whole), ...added];
  const kind = decisions[0]?.row.change.address.kind;
  return kind === undefined ? entries : entries.map((entry) => sentEntry(kind, entry));
}
