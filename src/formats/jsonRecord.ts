import type { InputColumn } from '../assignments/rows/columns.ts';
import { isExactNumber } from '../assignments/values/exactJson.ts';
import { JSON_DEPTH_MAX, walkJson, type JsonFault, type JsonMember } from '../assignments/values/jsonWalk.ts';
import { quoted } from '../assignments/values/quoted.ts';
import type { CellPlaces, Fault, Problem } from '../assignments/rows/row.ts';
import { shortName, valueFault } from './cells.ts';
import type { JsonScan } from './jsonScan.ts';
import { COLUMNS_MAX, RECORD_PROBLEMS_MAX } from './limits.ts';
import { plusText, type Place } from './place.ts';
import type { RowRead } from './read.ts';

/** The text of one record and where it starts. Places within it are found when somebody asks. */
export class JsonRecord {
  readonly text: string;
  readonly place: Place;
  #members: readonly JsonMember[] | undefined;

  constructor(text: string, place: Place) {
    this.text = text;
    this.place = place;
  }

  placeAt(offset: number): Place {
    return plusText(this.place, this.text.slice(0, offset));
  }

  members(): readonly JsonMember[] {
    this.#members ??= walkJson(this.text).members;
    return this.#members;
  }

  /** The member that counts (the last of its name) among those of the record itself. */
  member(key: string): JsonMember | undefined {
    return this.members().findLast((member) => member.depth === 1 && member.key === key);
  }

  /** A problem of one member, where its name stands. */
  problemAt(key: string, { message, remedy }: Fault): Problem {
    return { ...this.placeAt(this.member(key)?.keyAt ?? 0), name: shortName(key), message, remedy };
  }

  /** Where a member's value stands. Finding it means walking the record again, which a row without problems never needs. */
  placeOf(key: string): Place {
    return this.placeAt(this.member(key)?.valueAt ?? 0);
  }
}

/** The row that an object of a file is, gathered member by member. */
export class JsonRow {
  readonly problems: Problem[];
  readonly #record: JsonRecord;
  readonly #cells = new Map<InputColumn, unknown>();
  readonly #keys = new Map<InputColumn, string>();

  constructor(record: JsonRecord, problems: readonly Problem[]) {
    this.#record = record;
    this.problems = [...problems];
  }

  /** A member's value as that column's cell, and as a problem what is wrong with it as such. */
  set(column: InputColumn, key: string, value: unknown): void {
    this.#cells.set(column, typeof value === 'string' ? value.trim() : value);
    this.#keys.set(column, key);
    const fault = valueFault(value);
    if (fault !== undefined) this.problems.push(this.#record.problemAt(key, fault));
  }

  read(): RowRead {
    const [record, keys] = [this.#record, this.#keys];
    const { line, column } = record.place;
    const places: CellPlaces = {
      column,
      placeOf(of) {
        const key = keys.get(of);
        return key === undefined ? undefined : record.placeOf(key);
      },
    };
    return { kind: 'row', row: { line, cells: this.#cells, places }, problems: this.problems };
  }
}

/** The object of a record, or why it is none that can be read. Invalid JSON is told apart, as it may end the reading. */
export type ParsedRecord =
  | {
      readonly kind: 'object';
      readonly value: Readonly<Record<string, unknown>>;
      readonly problems: readonly Problem[];
    }
  | { readonly kind: 'unusable'; readonly problem: Problem }
  | { readonly kind: 'broken'; readonly problem: Problem };

/** @param parse of its text: what a plan holds of a tenant keeps numbers that a file of rows may not have */
export function parseRecord(
  record: JsonRecord,
  scan: JsonScan,
  parse: (text: string) => unknown = JSON.parse,
): ParsedRecord {
  if (scan.tooDeepAt !== undefined) {
    const place = record.placeAt(scan.tooDeepAt);
    const message = `The record nests more than ${JSON_DEPTH_MAX} levels deep.`;
    return {
      kind: 'unusable',
      problem: { ...place, message, remedy: 'Write one flat object per assignment.' },
    };
  }
  let value: unknown;
  try {
    value = parse(record.text);
  } catch {
    return { kind: 'broken', problem: brokenJson(record) };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const message = `A record must be an object, not ${quoted(record.text)}.`;
    const remedy = 'Write each record as {"policyId": "…", "assignmentId": "…", …}.';
    return { kind: 'unusable', problem: { ...record.place, message, remedy } };
  }
  const object = value as Readonly<Record<string, unknown>>; // a JSON object, by the check above
  const names = Object.keys(object).length;
  if (names > COLUMNS_MAX) {
    const message = `The record has ${names} names; ${COLUMNS_MAX} are read.`;
    const remedy = 'Remove the names that `retarget` does not know.';
    return { kind: 'unusable', problem: { ...record.place, message, remedy } };
  }
  const problems = memberCount(object) === scan.members ? [] : repeatedMembers(record);
  return { kind: 'object', value: object, problems };
}

/** How many members a value has at any depth; a name that the text repeats is here once. */
function memberCount(value: unknown): number {
  if (typeof value !== 'object' || value === null || isExactNumber(value)) return 0;
  const inner = Object.values(value);
  return inner.reduce<number>(
    (sum, each) => sum + memberCount(each),
    Array.isArray(value) ? 0 : inner.length,
  );
}

const repeatedMembers = (record: JsonRecord): Problem[] =>
  record
    .members()
    .filter(({ repeated }) => repeated)
    .slice(0, RECORD_PROBLEMS_MAX)
    .map(({ key, keyAt }) => ({
      ...record.placeAt(keyAt),
      name: shortName(key),
      message: `The name ${quoted(key)} is there twice in one object.`,
      remedy: 'Keep one of them.',
    }));

/** Where the text stops being JSON. `endsAt` says what follows the text. */
export function brokenJson(record: JsonRecord, endsAt = 'the end of the record'): Problem {
  const fault: JsonFault = walkJson(record.text).fault ?? { at: 0, expected: 'JSON' };
  const found =
    fault.at < record.text.length ? `not ${quoted(characterAt(record.text, fault.at))}` : `not ${endsAt}`;
  return {
    ...record.placeAt(fault.at),
    message: `This is no JSON: here must be ${fault.expected}, ${found}.`,
    remedy: jsonRemedy(record.text, fault),
  };
}

export const characterAt = (text: string, at: number): string =>
  String.fromCodePoint(text.codePointAt(at) ?? 0);

function jsonRemedy(text: string, { at }: JsonFault): string {
  const found = text[at];
  const before = text.slice(0, at).trimEnd().at(-1);
  if (before === ',' && (found === '}' || found === ']')) return 'Remove the comma before it.';
  if (found === "'") return 'Write names and texts in double quotes.';
  if (found === '/' || found === '#') return 'Remove the comment; JSON has none.';
  if (found === '\\') return 'Write a backslash twice (\\\\).';
  return 'Mend the file at this place; an editor with JSON support marks it.';
}
