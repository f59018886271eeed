import type { z } from 'zod';
import type { InputColumn } from '../assignments/rows/columns.ts';
import type { Problem } from '../assignments/rows/row.ts';
import { BrokenFile } from './brokenFile.ts';
import type { JsonRecord } from './jsonRecord.ts';
import { PLAN_LINE_CHARS_MAX } from './limits.ts';
import { linesOf } from './lines.ts';
import { currentAssignmentOf, type CurrentAssignment } from '../assignments/changes/current.ts';
import { beforeFrom } from '../assignments/changes/decision.ts';
import {
  beforeAt,
  PLAN_FORMAT,
  planEndSchema,
  planHeaderSchema,
  planRowSchema,
  UNSEALED_FORMAT,
  unsealedEndSchema,
  unsealedRowSchema,
  type PlanEnd,
  type PlanFormat,
  type PlanHeader,
  type PlanRow,
} from './planFile.ts';
import { PlanSeal, sameSeal, SEAL_MARK } from './planSeal.ts';
import { checked as checkedBy, damaged as damagedBy, objectIn } from './sealedLines.ts';
import { Utf8Source } from './utf8Source.ts';

/**
 * One thing that reading a plan tells: the header, the rows as they stand in the file, the end. A problem takes the place of all that
 * would follow. A plan may be acted on only when its end has come.
 */
export type PlanRead =
  | { readonly kind: 'header'; readonly header: PlanHeader; readonly format: PlanFormat }
  | { readonly kind: 'row'; readonly row: PlanRow }
  | { readonly kind: 'end'; readonly end: SealedEnd }
  | { readonly kind: 'problem'; readonly problem: Problem };

/** The end of a plan, and what its seal is worth. */
export interface SealedEnd extends PlanEnd {
  /** ours: nobody has edited the plan. other: it was sealed with another key, or not at all, so that only its input is believed. */
  readonly seal: 'ours' | 'other';
  readonly fingerprint: string;
}

const DAMAGED_REMEDY =
  'A plan is taken only as it was written: take an unharmed copy, or make it anew with `retarget plan FILE -o plan.ndjson`.';

/**
 * Reads a plan file in one pass, a line in memory at a time. Only what `bytes` itself throws is thrown.
 * @param key what the plans of the tenant are sealed with; without it no seal is checked
 */
export async function* readPlanFile(
  bytes: AsyncIterable<Uint8Array>,
  key: Buffer,
): AsyncGenerator<PlanRead, void> {
  const source = new Utf8Source(bytes);
  try {
    yield* readsOf(source, new PlanSeal(key));
  } catch (error) {
    if (!(error instanceof BrokenFile)) throw error;
    yield { kind: 'problem', problem: error.problem };
  } finally {
    await source.close();
  }
}

async function* readsOf(source: Utf8Source, seal: PlanSeal): AsyncGenerator<PlanRead, void> {
  let read: { readonly header: PlanHeader; readonly format: PlanFormat } | undefined;
  let isWhole = false;
  let [rows, writes, lastLine] = [0, 0, 1];
  const lists = new Lists();
  for await (const record of linesOf(source, { charsMax: PLAN_LINE_CHARS_MAX, remedy: DAMAGED_REMEDY })) {
    lastLine = record.place.line;
    const value = objectIn(record, DAMAGED_REMEDY);
    if (read === undefined) {
      read = headerIn(record, value);
      seal.update(`${record.text}\n`);
      yield { kind: 'header', ...read };
    } else if (isWhole) {
      throw damaged(record, 'Something follows the last line of the plan.');
    } else if (Object.hasOwn(value, 'kind')) {
      const end = endIn(record, value, read.format, seal);
      if (rows !== read.header.rows || rows !== end.rows || writes !== end.writes)
        throw damaged(record, miscounted(read.header, end, rows, writes));
      isWhole = true;
      yield { kind: 'end', end };
    } else {
      const row = read.format === PLAN_FORMAT ? rowIn(record, value, lists) : unsealedRowIn(record, value);
      seal.update(`${record.text}\n`);
      if (row.rank !== undefined && row.rank >= read.header.rows) {
        const message = `rank: The plan has only ${read.header.rows} rows.`;
        throw new BrokenFile(record.problemAt('rank', { message, remedy: DAMAGED_REMEDY }));
      }
      rows += 1;
      if (row.decision.kind === 'write') writes += 1;
      yield { kind: 'row', row };
    }
  }
  if (!isWhole) throw cutShort(lastLine, read?.header, rows);
}

const miscounted = (header: PlanHeader, end: PlanEnd, rows: number, writes: number): string =>
  `The plan has ${rows} rows with ${writes} writes; its first line says ${header.rows} rows, its last line ${end.rows} rows with ${end.writes} writes.`;

function cutShort(line: number, header: PlanHeader | undefined, rows: number): BrokenFile {
  const message =
    header === undefined
      ? 'The plan is empty.'
      : `The plan is cut short: it ends after ${rows} of ${header.rows} rows, without its last line.`;
  return new BrokenFile({ line, column: 1, message, remedy: DAMAGED_REMEDY });
}

function headerIn(
  record: JsonRecord,
  value: Readonly<Record<string, unknown>>,
): { readonly header: PlanHeader; readonly format: PlanFormat } {
  const { kind, format: written } = value;
  if (
    kind === 'plan' &&
    typeof written === 'number' &&
    written !== PLAN_FORMAT &&
    written !== UNSEALED_FORMAT
  ) {
    const message = `The plan has format ${written}; this version of retarget reads format ${PLAN_FORMAT}.`;
    const remedy = 'Use the version of retarget that made it, or make the plan anew with this one.';
    throw new BrokenFile(record.problemAt('format', { message, remedy }));
  }
  const { kind: _kind, format, ...header } = checked(planHeaderSchema, record, value);
  return { header, format };
}

/** Lists of which rows may still come; those of one list stand near each other. */
class Lists {
  readonly #lists = new Map<number, readonly CurrentAssignment[]>();

  of(number: number, assignments: readonly unknown[] | undefined): readonly CurrentAssignment[] | undefined {
    if (assignments === undefined) return this.#lists.get(number);
    const list = assignments.map(currentAssignmentOf);
    if (!list.every((each) => each !== undefined)) return undefined;
    this.#lists.set(number, list);
    const [first] = this.#lists.keys();
    if (this.#lists.size > LISTS_KEPT && first !== undefined) this.#lists.delete(first);
    return list;
  }
}

const LISTS_KEPT = 1_000;

function rowIn(record: JsonRecord, value: Readonly<Record<string, unknown>>, lists: Lists): PlanRow {
  const row = checked(planRowSchema, record, value);
  const list = row.list === undefined ? undefined : lists.of(row.list, row.assignments);
  if (row.list !== undefined && list === undefined)
    throw damaged(record, `list: The list ${row.list} is not in the plan, or is no list of assignments.`);
  const before = beforeAt(row.before, list);
  if (before === undefined) throw damaged(record, 'before: The list of the policy has no such place.');
  const { line, rank, names, via, after, waitsFor, code, message, httpStatus, findings } = row;
  return {
    ...{ line, rank, cells: cellsIn(row.input), names, list },
    decision: {
      ...{ kind: row.decision, via, before, after, waitsFor, findings },
      ...(code !== undefined && { code }),
      ...(message !== undefined && { message }),
      ...(httpStatus !== undefined && { httpStatus }),
    },
  };
}

// The names of an input are columns, by the schema.
const cellsIn = (input: object): ReadonlyMap<InputColumn, unknown> =>
  new Map(Object.entries(input) as [InputColumn, unknown][]);

function unsealedRowIn(record: JsonRecord, value: Readonly<Record<string, unknown>>): PlanRow {
  const row = checked(unsealedRowSchema, record, value);
  const before = beforeFrom(row.before);
  if (before === undefined) throw damaged(record, 'before: It is no assignment.');
  return {
    ...{ line: row.line, rank: row.rank, cells: cellsIn(row.input), names: {} },
    decision: {
      ...{ kind: row.decision, via: 'patch', before, after: row.after, waitsFor: [] },
      findings: row.guard.map((kind) => ({ kind, what: '' })),
    },
  };
}

function endIn(
  record: JsonRecord,
  value: Readonly<Record<string, unknown>>,
  format: PlanFormat,
  seal: PlanSeal,
): SealedEnd {
  if (format === UNSEALED_FORMAT) {
    const { rows, writes, guard } = checked(unsealedEndSchema, record, value);
    return { rows, writes, findings: guard, names: {}, seal: 'other', fingerprint: seal.end().fingerprint };
  }
  const { rows, writes, findings, names, keyId, hmac: written } = checked(planEndSchema, record, value);
  seal.update(record.text.slice(0, record.text.lastIndexOf(SEAL_MARK) + SEAL_MARK.length));
  const { hmac, fingerprint } = seal.end();
  const isOurs = keyId === seal.keyId;
  if (isOurs && !sameSeal(hmac, written)) throw damaged(record, 'The plan was edited: its seal is broken.');
  return { rows, writes, findings, names, seal: isOurs ? 'ours' : 'other', fingerprint };
}

const checked = <Schema extends z.ZodType>(
  schema: Schema,
  record: JsonRecord,
  value: unknown,
): z.output<Schema> => checkedBy(schema, record, value, DAMAGED_REMEDY);

const damaged = (record: JsonRecord, message: string): BrokenFile =>
  damagedBy(record, message, DAMAGED_REMEDY);
