import { columnMeaning, type ColumnNames, type InputColumn } from '../assignments/rows/columns.ts';
import { walkJson } from '../assignments/values/jsonWalk.ts';
import { quoted } from '../assignments/values/quoted.ts';
import type { Fault, Problem } from '../assignments/rows/row.ts';
import { BrokenFile } from './brokenFile.ts';
import { rememberedMeanings } from './cells.ts';
import { brokenJson, characterAt, JsonRecord, parseRecord } from './jsonRecord.ts';
import { emptyRow, rowByColumns, rowOfRequest, type RowOf } from './jsonRow.ts';
import { JsonScan } from './jsonScan.ts';
import { RECORD_BYTES_MAX } from './limits.ts';
import { otherObject } from './otherTools.ts';
import type { Place } from './place.ts';
import type { FileProblem, RowRead } from './read.ts';
import { TextCursor } from './textCursor.ts';
import type { Utf8Source } from './utf8Source.ts';

type Rows = AsyncGenerator<RowRead | FileProblem, void>;

/** Rows of a JSON array of objects, or of a saved batch, one record in memory at a time. Broken JSON ends the reading. */
export async function* readJson(source: Utf8Source, columns: Set<InputColumn>, nameOf: ColumnNames): Rows {
  const cursor = new TextCursor(source);
  const first = await cursor.peek();
  if (first === '[') yield* elements(cursor, rowByColumns(columns, rememberedMeanings(nameOf)));
  else if (first === '{') yield* savedBatch(cursor, rowOfRequest(columns));
  else if (first !== undefined) throw new BrokenFile({ ...cursor.place(), ...NO_JSON });
  if ((await cursor.peek()) !== undefined) throw unexpected(cursor, 'the end of the file');
}

const NO_JSON: Fault = {
  message: 'A JSON file starts with [ (an array of records) or { (a saved batch).',
  remedy: 'Mend the file, or say --input-format csv when it is CSV.',
};

async function* elements(cursor: TextCursor, rowOf: RowOf): Rows {
  cursor.skip(1);
  if ((await cursor.peek()) === ']') return cursor.skip(1);
  for (;;) {
    yield await nextRow(cursor, rowOf);
    const next = await cursor.peek();
    if (next !== ',' && next !== ']') throw unexpected(cursor, 'a comma or ]');
    cursor.skip(1);
    if (next === ']') return;
    if ((await cursor.peek()) === ']') throw new BrokenFile({ ...cursor.place(), ...COMMA_TOO_MUCH });
  }
}

const COMMA_TOO_MUCH: Fault = {
  message: 'This is no JSON: here must be a value, not "]".',
  remedy: 'Remove the comma before it.',
};

async function nextRow(cursor: TextCursor, rowOf: RowOf): Promise<RowRead> {
  const { record, scan } = await nextValue(cursor);
  const parsed = parseRecord(record, scan);
  switch (parsed.kind) {
    case 'object':
      return rowOf(record, parsed.value, parsed.problems);
    case 'unusable':
      return emptyRow(record, parsed.problem);
    case 'broken':
      throw new BrokenFile(parsed.problem);
  }
}

/** `{"requests":[…]}` and nothing else: any other member ends the reading, as its value may be of any size. */
async function* savedBatch(cursor: TextCursor, rowOf: RowOf): Rows {
  cursor.skip(1);
  if ((await cursor.peek()) === '}') throw new BrokenFile({ ...cursor.place(), ...NO_REQUESTS });
  const first = await memberName(cursor);
  const other = otherObject([first.name]);
  if (other !== undefined) throw new BrokenFile({ ...first.place, ...other });
  if (first.name !== 'requests') throw new BrokenFile(notRequests(first));
  if ((await cursor.peek()) !== ':') throw unexpected(cursor, 'a colon');
  cursor.skip(1);
  if ((await cursor.peek()) !== '[') throw unexpected(cursor, 'the array of requests');
  yield* elements(cursor, rowOf);
  const next = await cursor.peek();
  if (next !== ',' && next !== '}') throw unexpected(cursor, 'a comma or }');
  cursor.skip(1);
  if (next === ',') throw new BrokenFile(notRequests(await memberName(cursor)));
}

interface MemberName {
  readonly name: string;
  readonly place: Place;
}

async function memberName(cursor: TextCursor): Promise<MemberName> {
  if ((await cursor.peek()) !== '"') throw unexpected(cursor, 'a name in double quotes');
  const { record } = await nextValue(cursor);
  try {
    return { name: JSON.parse(record.text) as string, place: record.place }; // a string, by its quote
  } catch {
    throw new BrokenFile(brokenJson(record));
  }
}

const NO_REQUESTS: Fault = {
  message: 'The object has no "requests".',
  remedy: 'A JSON file is an array of records, or a saved batch: {"requests": [ … ]}.',
};

function notRequests({ name, place }: MemberName): Problem {
  if (name === 'requests') {
    return { ...place, message: '"requests" is there twice.', remedy: 'Put all requests into one array.' };
  }
  const isRecord = columnMeaning(name).kind !== 'unknown';
  return {
    ...place,
    message: `The file is an object with ${quoted(name)}; a saved batch has "requests" only.`,
    remedy: isRecord
      ? 'Put the records into an array: [ {…}, {…} ]. With one object a line, say --input-format ndjson.'
      : 'Remove that member, or make the file an array of records: [ {…}, {…} ].',
  };
}

/** Cuts the next value out of the text, with what the scan has counted in it. */
async function nextValue(cursor: TextCursor): Promise<{ record: JsonRecord; scan: JsonScan }> {
  const first = await cursor.peek();
  if (first === undefined) throw unexpected(cursor, 'a value');
  const place = cursor.place();
  const scan = new JsonScan(first);
  for (;;) {
    const length = scan.length(cursor.text, cursor.at);
    const known = length ?? cursor.ahead;
    if (known > RECORD_BYTES_MAX) throw new BrokenFile(tooLong(new JsonRecord(cursor.take(known), place)));
    if (length !== undefined) return { record: new JsonRecord(cursor.take(length), place), scan };
    if (!(await cursor.more())) throw new BrokenFile(brokenJson(new JsonRecord(cursor.rest(), place), END));
  }
}

const END = 'the end of the file';

/** A record without end mostly is a broken one: then its fault says more than its length. */
function tooLong(record: JsonRecord): Problem {
  const { fault } = walkJson(record.text);
  if (fault !== undefined && fault.at < record.text.length - TOKEN_CHARS_MAX) return brokenJson(record);
  const message = `The record is longer than ${RECORD_BYTES_MAX} characters.`;
  return { ...record.place, message, remedy: 'Write one flat object per assignment.' };
}

/** The longest piece of JSON that is at fault at its beginning when it is cut: `\u0041`. */
const TOKEN_CHARS_MAX = 6;

function unexpected(cursor: TextCursor, expected: string): BrokenFile {
  const rest = cursor.rest();
  const found = rest === '' ? END : quoted(characterAt(rest, 0));
  const remedy =
    rest === ''
      ? 'The file is cut short: write or download it again.'
      : 'Mend the file at this place; an editor with JSON support marks it.';
  return new BrokenFile({
    ...cursor.place(),
    message: `This is no JSON: here must be ${expected}, not ${found}.`,
    remedy,
  });
}
