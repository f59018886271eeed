import type { Called } from '../assignments/names/calledIds.ts';
import type { RowNames } from '../assignments/rows/names.ts';
import { z } from 'zod';
import { INPUT_COLUMNS, type InputColumn } from '../assignments/rows/columns.ts';
import { DECISION_KINDS, type Before, type Decision } from '../assignments/changes/decision.ts';
import { WRITE_VIAS } from '../assignments/changes/decision.ts';
import { STRATEGIES } from '../assignments/kinds/kind.ts';
import type { CurrentAssignment } from '../assignments/changes/current.ts';
import { GUARD_KINDS, type GuardKind } from '../assignments/guard/finding.ts';
import { isJsonObject, type JsonObject } from '../assignments/values/json.ts';
import { API_VERSIONS } from '../assignments/values/apiVersion.ts';
import { isSnapshotFile } from './snapshotFile.ts';

/** The version of the plan file's format. */
export const PLAN_FORMAT = 2;
/** The version before, of which only the input is believed: it had no seal, and kept no reasons. */
export const UNSEALED_FORMAT = 1;
export type PlanFormat = typeof PLAN_FORMAT | typeof UNSEALED_FORMAT;

/** The first line of a plan file, besides `kind: "plan"` and `format`: what was planned, from what, against which tenant. */
export interface PlanHeader {
  readonly tenant: string;
  /** Root of Graph, without version. */
  readonly graphUrl: string;
  readonly apiVersion: (typeof API_VERSIONS)[number];
  /** How the run is to write: each assignment by itself, or each policy's whole list. */
  readonly strategy: (typeof STRATEGIES)[number];
  /** The file that was planned: its name as given, and the SHA-256 of its bytes in hex. */
  readonly source: { readonly name: string; readonly sha256: string };
  /** When the tenant was read: ISO 8601, UTC. */
  readonly createdAt: string;
  /** The input's columns, in its order. */
  readonly columns: readonly InputColumn[];
  readonly rows: number;
  /** The run writes without reading first. */
  readonly blind: boolean;
  /** The plan was made without reading the tenant: it has no before-images. */
  readonly offline: boolean;
}

/** What was decided about a row, without the row itself. */
export interface PlanDecision extends Omit<Decision, 'row' | 'waitsFor'> {
  /** Lines of the rows that come first. */
  readonly waitsFor: readonly number[];
}

/**
 * One row of a plan, a line of the file, in input order unless it has a rank. `line` and `cells` are a row of the record as it is.
 */
export interface PlanRow {
  /** The line of the input where the row starts. */
  readonly line: number;
  /** The row's place in the input, from 0, when the plan has the rows in another order (whole policies together). */
  readonly rank?: number | undefined;
  /** The cells as read: text, or any JSON value but null. Blank ones are not there. */
  readonly cells: ReadonlyMap<InputColumn, unknown>;
  readonly names: RowNames;
  readonly decision: PlanDecision;
  /** The list of the row's policy as it was read; undefined: it was not. Rows of one list have the same one. */
  readonly list?: readonly CurrentAssignment[] | undefined;
}

/** The last line of a plan file, besides `kind: "end"`. Without it a file is not whole. */
export interface PlanEnd {
  readonly rows: number;
  /** Rows with the decision `write`. */
  readonly writes: number;
  /** What the guard found, by kind. */
  readonly findings: Readonly<Partial<Record<GuardKind, number>>>;
  /** What people call the groups and filters of the rows, by ids in lower case. */
  readonly names: Called;
}

const count = z.int().nonnegative();

const header = {
  kind: z.literal('plan'),
  tenant: z.string().min(1),
  graphUrl: z.url(),
  apiVersion: z.enum(API_VERSIONS),
  strategy: z.enum(STRATEGIES),
  source: z.strictObject({ name: z.string(), sha256: z.hex().length(64) }),
  createdAt: z.iso.datetime(),
  columns: z.array(z.enum(INPUT_COLUMNS)),
  rows: count,
  blind: z.boolean(),
  offline: z.boolean(),
};

export const planHeaderSchema = z.discriminatedUnion(
  'format',
  [
    z.strictObject({ ...header, format: z.literal(PLAN_FORMAT) }),
    z.strictObject({ ...header, format: z.literal(UNSEALED_FORMAT) }),
  ],
  { error: `must be ${PLAN_FORMAT}` },
);

// Objects of Graph's pass as they are: a schema that copied them would lose members with odd names.
const object = z.custom<JsonObject>(isJsonObject, 'must be an object');
const jsonObject = object.nullish().transform((value) => value ?? undefined);

/** Of a row that clears a list, all that it takes away. */
const image = z
  .custom<JsonObject | readonly JsonObject[]>(
    (value) => isJsonObject(value) || (Array.isArray(value) && value.every(isJsonObject)),
    'must be an object, or a list of them',
  )
  .nullish()
  .transform((value) => value ?? undefined);

const input = z.partialRecord(
  z.enum(INPUT_COLUMNS),
  z.custom<unknown>((value) => value !== null, 'must not be null'),
);

/** What the row finds: places in the list of its policy, or that nothing is there, or was read. */
export type BeforePlaces = 'notRead' | 'absent' | number | readonly number[];

export const planRowSchema = z.strictObject({
  line: z.int().positive(),
  rank: count.optional(),
  input,
  names: z.strictObject({ policy: z.string().optional(), platform: z.string().optional() }).default({}),
  decision: z.enum(DECISION_KINDS),
  via: z.enum(WRITE_VIAS),
  before: z.union([z.literal(['notRead', 'absent']), count, z.array(count)]),
  after: jsonObject,
  waitsFor: z.array(z.int().positive()).default([]),
  code: z.string().optional(),
  message: z.string().optional(),
  httpStatus: z.int().optional(),
  findings: z.array(z.strictObject({ kind: z.enum(GUARD_KINDS), what: z.string() })).default([]),
  /** The number of the policy's list, from 0, and at the first row of it the list. */
  list: count.optional(),
  assignments: z.array(object).optional(),
});

export const unsealedRowSchema = z.strictObject({
  line: z.int().positive(),
  rank: count.optional(),
  input,
  decision: z.enum(DECISION_KINDS),
  before: image,
  list: z.hex().length(16).optional(),
  after: jsonObject,
  guard: z.array(z.enum(GUARD_KINDS)).default([]),
});

export const planEndSchema = z.strictObject({
  kind: z.literal('end'),
  rows: count,
  writes: count,
  findings: z.partialRecord(z.enum(GUARD_KINDS), count),
  names: z.record(z.guid(), z.string()).default({}),
  keyId: z.hex().length(16),
  hmac: z.hex().length(64),
});

export const unsealedEndSchema = z.strictObject({
  kind: z.literal('end'),
  rows: count,
  writes: count,
  guard: z.partialRecord(z.enum(GUARD_KINDS), count),
});

/** A before-image as places in the list that it is from. */
export function placesOf(before: Before, list: readonly CurrentAssignment[] = []): BeforePlaces {
  const placeOf = (entry: CurrentAssignment): number => {
    const place = list.indexOf(entry);
    if (place < 0) throw new Error(`the assignment ${entry.id} is not of the list that was read`);
    return place;
  };
  switch (before.kind) {
    case 'notRead':
    case 'absent':
      return before.kind;
    case 'entry':
      return placeOf(before.entry);
    case 'entries':
      return before.entries.map(placeOf);
  }
}

/** The before-image at these places; undefined when the list has no such place. */
export function beforeAt(places: BeforePlaces, list: readonly CurrentAssignment[] = []): Before | undefined {
  if (places === 'notRead' || places === 'absent') return { kind: places };
  const entries = [places].flat().map((place) => list[place]);
  if (!entries.every((entry) => entry !== undefined)) return undefined;
  const [entry] = entries;
  if (typeof places !== 'number') return { kind: 'entries', entries };
  return entry && { kind: 'entry', entry };
}

/** Bytes in which a plan file is recognised. */
const START_BYTES = 64;
const PLAN_START = /^\ufeff?\s*\{\s*"kind"\s*:\s*"plan"/;

/** Whether a file is a plan, by its first bytes (64 are enough) and whatever its name. */
export const isPlanFile = (firstBytes: Uint8Array): boolean =>
  PLAN_START.test(Buffer.from(firstBytes.subarray(0, START_BYTES)).toString());

/** Tells plan files and snapshots from other files before one of them is read. The bytes that come back are all of them. */
export async function recognise(bytes: AsyncIterable<Uint8Array>): Promise<{
  readonly isPlan: boolean;
  readonly isSnapshot: boolean;
  readonly bytes: AsyncIterable<Uint8Array>;
}> {
  const iterator = bytes[Symbol.asyncIterator]();
  let start = Buffer.alloc(0);
  while (start.length < START_BYTES) {
    const { done, value } = await iterator.next();
    if (done === true) break;
    start = Buffer.concat([start, value]);
  }
  return {
    isPlan: isPlanFile(start),
    isSnapshot: isSnapshotFile(start),
    bytes: startedWith(start, iterator),
  };
}

async function* startedWith(
  start: Uint8Array,
  rest: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array, void> {
  try {
    yield start;
    yield* { [Symbol.asyncIterator]: () => rest };
  } finally {
    await rest.return?.();
  }
}
