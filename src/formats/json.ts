import { columnMeaning } from '../assignments/rows/columns.ts';
import { walkJson } from '../assignments/values/jsonWalk.ts';
import { quoted } from '../assignments/values/quoted.ts';
import type { Fault, Problem } from '../assignments/rows/row.ts';
import { BrokenFile } from './brokenFile.ts';
import { rememberedMeanings } from './cells.ts';
import { brokenJson, characterAt, JsonRecord, parseRecord } from './jsonRecord.ts';
import type { FileFacts, ReadingOptions } from './fileFacts.ts';
import { emptyRow, rowsByColumns, rowsOfRequest, type RowsOf } from './jsonRow.ts';
import { JsonScan } from './jsonScan.ts';
import { RECORD_BYTES_MAX } from './limits.ts';
import { ListAhead } from './listAhead.ts';
import type { Place } from './place.ts';
import type { FileProblem, RowRead } from './read.ts';
import { around, isPolicy } from './tools/graphPolicies.ts';
import { isSnapshot, OTHER_SNAPSHOT, rowsOfSnapshot } from './tools/checkerSnapshot.ts';
import { refusedObject } from './tools/refusedObjects.ts';
import { TextCursor } from './textCursor.ts';
import type { Utf8Source } from './utf8Source.ts';

type Rows = AsyncGenerator<RowRead | FileProblem, void>;

/**
 * Rows of a JSON array of objects, of a saved batch, of a list in an object as Graph and other tools write it, or of objects one after
 * the other, one record in memory at a time. Broken JSON ends the reading.
 */
export async function* readJson(source: Utf8Source, facts: FileFacts, options: ReadingOptions): Rows {
  const cursor = new TextCursor(source);
  const first = await cursor.peek();
  const rowsOf = rowsByColumns(facts, rememberedMeanings(options.nameOf), options.action);
  if (first === '[') yield* elements(cursor, rowsOf);
  else if (first === '{') yield* objects(cursor, rowsOf, facts, options);
  else if (first !== undefined) throw new BrokenFile({ ...cursor.place(), ...NO_JSON });
  if ((await cursor.peek()) !== undefined) throw unexpected(cursor, 'the end of the file');
}

const NO_JSON: Fault = {
  message: 'A JSON file starts with [ (an array of records) or { (a saved batch).',
  remedy: 'Mend the file, or say --input-format csv when it is CSV.',
};

async function* elements(cursor: TextCursor, rowsOf: RowsOf): Rows {
  cursor.skip(1);
  if ((await cursor.peek()) === ']') return cursor.skip(1);
  for (;;) {
    yield* await nextRows(cursor, rowsOf);
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

async function nextRows(cursor: TextCursor, rowsOf: RowsOf): Promise<readonly RowRead[]> {
  const { record, scan } = await nextValue(cursor);
  const parsed = parseRecord(record, scan);
  switch (parsed.kind) {
    case 'object':
      return rowsOf(record, parsed.value, parsed.problems);
    case 'unusable':
      return [emptyRow(record, parsed.problem)];
    case 'broken':
      throw new BrokenFile(parsed.problem);
  }
}

const BATCH_START = /^\{\s*"requests"\s*:/;

/** Lists in which objects of other tools have their records. */
const LIST_NAMES = ['value', 'Records'] as const;

/** What an object that is the whole file is: a saved batch, a list, or a policy, behind which more may come. */
async function* objects(cursor: TextCursor, rowsOf: RowsOf, facts: FileFacts, options: ReadingOptions): Rows {
  const list = await listAhead(cursor);
  if (list === undefined && !BATCH_START.test(cursor.rest())) {
    for (;;) {
      yield* await nextPolicy(cursor, rowsOf);
      if ((await cursor.peek()) !== '{') return;
    }
  }
  if (list === undefined || list === 'requests') yield* savedBatch(cursor, rowsOfRequest(facts));
  else yield* listed(cursor, list, facts, options);
}

/** A policy that stands alone. Anything else is no file of rows. */
async function nextPolicy(cursor: TextCursor, rowsOf: RowsOf): Promise<readonly RowRead[]> {
  const { record, scan } = await nextValue(cursor);
  const parsed = parseRecord(record, scan);
  if (parsed.kind !== 'object') throw new BrokenFile(parsed.problem);
  const names = Object.keys(parsed.value);
  const [first] = names;
  if (first === undefined)
    throw new BrokenFile({ ...record.placeAt(record.text.length - 1), ...NO_REQUESTS });
  const isOfGraph = isPolicy(parsed.value) || refusedObject(names) !== undefined;
  if (isOfGraph) return rowsOf(record, parsed.value, parsed.problems);
  throw new BrokenFile(notRequests({ name: first, place: record.placeAt(record.member(first)?.keyAt ?? 0) }));
}

/** The members of an object, whose list has the records; what stands before the list says what they are. */
async function* listed(
  cursor: TextCursor,
  list: (typeof LIST_NAMES)[number],
  facts: FileFacts,
  { nameOf, action }: ReadingOptions,
): Rows {
  cursor.skip(1);
  const texts = new Map<string, unknown>();
  for (;;) {
    const { name, place } = await memberName(cursor);
    if ((await cursor.peek()) !== ':') throw unexpected(cursor, 'a colon');
    cursor.skip(1);
    const isList = name === list && (await cursor.peek()) === '[';
    if (isList) {
      if (list === 'Records' && !isSnapshot(texts)) throw new BrokenFile({ ...place, ...OTHER_SNAPSHOT });
      const rowsOf =
        list === 'Records'
          ? rowsOfSnapshot(facts, action)
          : rowsByColumns(facts, rememberedMeanings(nameOf), action, {
              ...around(texts.get('@odata.context')),
              isList: true,
            });
      yield* elements(cursor, rowsOf);
    } else {
      const { record } = await nextValue(cursor);
      try {
        texts.set(name, JSON.parse(record.text));
      } catch {
        throw new BrokenFile(brokenJson(record));
      }
    }
    const next = await cursor.peek();
    if (next !== ',' && next !== '}') throw unexpected(cursor, 'a comma or }');
    cursor.skip(1);
    if (next === '}') return;
  }
}

/** The list that an object has; undefined when it ends without, or goes on for longer than a record. */
async function listAhead(cursor: TextCursor): Promise<'requests' | (typeof LIST_NAMES)[number] | undefined> {
  const ahead = new ListAhead(['requests', ...LIST_NAMES]);
  for (;;) {
    const found = ahead.in(cursor.text, cursor.at);
    if (found !== 'more') return found;
    if (cursor.ahead > RECORD_BYTES_MAX || !(await cursor.more())) return undefined;
  }
}

/** `{"requests":[…]}` and nothing else: any other member ends the reading, as its value may be of any size. */
async function* savedBatch(cursor: TextCursor, rowsOf: RowsOf): Rows {
  cursor.skip(1);
  const first = await memberName(cursor);
  if (first.name !== 'requests') throw new BrokenFile(notRequests(first));
  if ((await cursor.peek()) !== ':') throw unexpected(cursor, 'a colon');
  cursor.skip(1);
  if ((await cursor.peek()) !== '[') throw unexpected(cursor, 'the array of requests');
  yield* elements(cursor, rowsOf);
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
