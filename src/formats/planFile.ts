import { z } from 'zod';
import { INPUT_COLUMNS, type InputColumn } from '../assignments/rows/columns.ts';
import { GUARD_KINDS, type GuardKind } from '../assignments/guard/guard.ts';
import { isJsonObject, type JsonObject } from '../assignments/values/json.ts';
import { STRATEGIES, type Strategy } from '../assignments/kinds/kind.ts';
import { API_VERSIONS } from '../assignments/values/apiVersion.ts';

/** The version of the plan file's format. */
export const PLAN_FORMAT = 1;

/** What a plan wants for a row: `refused` can't be done as things were, `duplicate` repeats an earlier row. */
export const PLAN_DECISIONS = ['write', 'alreadySo', 'refused', 'duplicate'] as const;
export type PlanDecision = (typeof PLAN_DECISIONS)[number];

/** The first line of a plan file, besides `kind: "plan"` and `format`: what was planned, from what, against which tenant. */
export interface PlanHeader {
  readonly tenant: string;
  /** Root of Graph, without version. */
  readonly graphUrl: string;
  readonly apiVersion: (typeof API_VERSIONS)[number];
  /** How the run is to write: each assignment by itself, or each policy's whole list. */
  readonly strategy: Strategy;
  /** The file that was planned: its name as given, and the SHA-256 of its bytes in hex. */
  readonly source: { readonly name: string; readonly sha256: string };
  /** When the tenant was looked at: ISO 8601, UTC. */
  readonly createdAt: string;
  /** The input's columns, in its order. */
  readonly columns: readonly InputColumn[];
  readonly rows: number;
  /** The run writes without looking first. */
  readonly blind: boolean;
  /** The plan was made without reading the tenant: it has no before-images. */
  readonly offline: boolean;
}

/** One row of a plan, a line of the file, in input order unless it has a rank. `line` and `cells` are a row of the record as it is. */
export interface PlanRow {
  /** The line of the input where the row starts. */
  readonly line: number;
  /** The row's place in the input, from 0, when the plan has the rows in another order (whole policies together). */
  readonly rank?: number | undefined;
  /** The cells as read: text, or any JSON value but null. Blank ones are not there. */
  readonly cells: ReadonlyMap<InputColumn, unknown>;
  readonly decision: PlanDecision;
  /** The whole assignment as the plan saw it, in Graph's shape; undefined: it is not there, or was not looked at. */
  readonly before: JsonObject | readonly JsonObject[] | undefined;
  /** The fingerprint of the policy's whole list: 8 bytes in hex. */
  readonly list: string | undefined;
  /** What is to be written, in Graph's shape. */
  readonly after: JsonObject | undefined;
  /** The guard kinds that the row falls under. */
  readonly guard: readonly GuardKind[];
}

/** The last line of a plan file, besides `kind: "end"`. Without it a file is not whole. */
export interface PlanEnd {
  readonly rows: number;
  /** Rows with the decision `write`. */
  readonly writes: number;
  /** What the guard found, by kind. */
  readonly guard: Readonly<Partial<Record<GuardKind, number>>>;
}

const count = z.int().nonnegative();

export const planHeaderSchema = z.strictObject({
  kind: z.literal('plan'),
  format: z.literal(PLAN_FORMAT),
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
});

// Objects of Graph's pass as they are: a schema that copied them would lose members with odd names.
const jsonObject = z
  .custom<JsonObject>(isJsonObject, 'must be an object')
  .nullish()
  .transform((value) => value ?? undefined);

/** Of a row that clears a list, all that it takes away. */
const image = z
  .custom<JsonObject | readonly JsonObject[]>(
    (value) => isJsonObject(value) || (Array.isArray(value) && value.every(isJsonObject)),
    'must be an object, or a list of them',
  )
  .nullish()
  .transform((value) => value ?? undefined);

export const planRowSchema = z.strictObject({
  line: z.int().positive(),
  rank: count.optional(),
  input: z.partialRecord(
    z.enum(INPUT_COLUMNS),
    z.custom<unknown>((value) => value !== null, 'must not be null'),
  ),
  decision: z.enum(PLAN_DECISIONS),
  before: image,
  list: z.hex().length(16).optional(),
  after: jsonObject,
  guard: z.array(z.enum(GUARD_KINDS)).default([]),
});

export const planEndSchema = z.strictObject({
  kind: z.literal('end'),
  rows: count,
  writes: count,
  guard: z.partialRecord(z.enum(GUARD_KINDS), count),
});

/** Bytes in which a plan file is recognised. */
const START_BYTES = 64;
const PLAN_START = /^\ufeff?\s*\{\s*"kind"\s*:\s*"plan"/;

/** Whether a file is a plan, by its first bytes (64 are enough) and whatever its name. */
export const isPlanFile = (firstBytes: Uint8Array): boolean =>
  PLAN_START.test(Buffer.from(firstBytes.subarray(0, START_BYTES)).toString());

/** Tells plan files from other files before one of them is read. The bytes that come back are all of them. */
export async function recognise(
  bytes: AsyncIterable<Uint8Array>,
): Promise<{ readonly isPlan: boolean; readonly bytes: AsyncIterable<Uint8Array> }> {
  const iterator = bytes[Symbol.asyncIterator]();
  let start = Buffer.alloc(0);
  while (start.length < START_BYTES) {
    const { done, value } = await iterator.next();
    if (done === true) break;
    start = Buffer.concat([start, value]);
  }
  return { isPlan: isPlanFile(start), bytes: startedWith(start, iterator) };
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
