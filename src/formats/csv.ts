import { CsvError, parse, type Parser } from 'csv-parse';
import type { ColumnNames } from '../assignments/rows/columns.ts';
import { plainName } from '../assignments/values/plainName.ts';
import { quoted } from '../assignments/values/quoted.ts';
import type { CellPlaces, Problem } from '../assignments/rows/row.ts';
import { BrokenFile } from './brokenFile.ts';
import { textFault } from './cells.ts';
import { unguarded } from './formulaGuard.ts';
import {
  DELIMITERS,
  delimiterNamed,
  delimiterOf,
  isUnquoted,
  readHeader,
  type Delimiter,
  type FieldUse,
  type CsvHeader,
} from './csvHeader.ts';
import type { FileFacts, ReadingOptions } from './fileFacts.ts';
import { RECORD_BYTES_MAX } from './limits.ts';
import type { FileProblem, RowRead } from './read.ts';
import { tableRows } from './tools/tableRows.ts';
import type { Utf8Source } from './utf8Source.ts';

const NEWLINE = 0x0a;
const RETURN = 0x0d;
const QUOTE = 0x22;

interface CsvRecord {
  readonly fields: readonly string[];
  readonly line: number;
  /** The number of the field with a carriage return that ends no line. */
  readonly strayReturnIn: number | undefined;
}

/** Rows of a CSV file with a header. Blank lines, and records of nothing but delimiters, are no rows. */
export async function* readCsv(
  source: Utf8Source,
  facts: FileFacts,
  { nameOf, action }: ReadingOptions,
): AsyncGenerator<RowRead | FileProblem, void> {
  const firstLines = await source.firstLines(PREAMBLE_LINES_MAX + 1);
  const { lines, delimiter } = preambleOf(firstLines, nameOf);
  const quotesAreText = isUnquoted(firstLines[lines] ?? '', delimiter);
  let linesBefore = lines;
  let rowsOf: ((record: CsvRecord) => Iterable<RowRead>) | undefined;
  let isHeaderAgain = (_record: CsvRecord): boolean => false;
  for await (const records of csvRecords(source, delimiter, quotesAreText)) {
    for (const record of records) {
      if (record.fields.every((field) => field.trim() === '')) continue;
      if (linesBefore > 0) {
        linesBefore -= 1;
        continue;
      }
      if (rowsOf !== undefined) {
        if (isHeaderAgain(record)) yield { kind: 'problem', problem: headerAgain(record.line) };
        else yield* rowsOf(record);
        continue;
      }
      const { line, strayReturnIn: stray } = record;
      if (stray !== undefined) throw new BrokenFile(strayReturn(line, stray));
      const header = readHeader(record.fields, line, nameOf, firstLines);
      rowsOf = rowsBy(header, facts, action);
      isHeaderAgain = likeHeader(record.fields);
      for (const problem of header.problems) yield { kind: 'problem', problem };
    }
  }
}

/** Whether a record has the names of the columns, in whatever order: two files were joined. */
function likeHeader(fields: readonly string[]): (record: CsvRecord) => boolean {
  const names = new Set(fields.map((name) => plainName(name)).filter((name) => name !== ''));
  return (record) => {
    const [first = '', ...more] = record.fields;
    if (names.size < 2 || !names.has(plainName(first))) return false;
    return more.length > 0 && more.every((field) => field === '' || names.has(plainName(field)));
  };
}

const headerAgain = (line: number): Problem => ({
  ...{ line, column: 1 },
  message: 'This line has the names of the columns once more.',
  remedy: 'Remove it. Where files were joined, their columns must be in the same order.',
});

/** What becomes of a record under this header. */
function rowsBy(
  header: CsvHeader,
  facts: FileFacts,
  action: ReadingOptions['action'],
): (record: CsvRecord) => Iterable<RowRead> {
  if (header.kind === 'ours') {
    const { uses } = header;
    for (const use of uses) if (use !== 'ignored' && use !== 'unnamed') facts.columns.add(use);
    return (record) => [rowOf(record, uses)];
  }
  const { tool, uses } = header;
  const read = tableRows(tool, action, facts);
  return (record) => {
    const { cells, problems } = cellsOf(record, uses);
    return read({ line: record.line, cells, columnOf: (use) => uses.indexOf(use) + 1 }, problems);
  };
}

/** One of each kind. */
const PREAMBLE_LINES_MAX = 2;

/** `sep=;` is how Excel is told the delimiter, `#TYPE …` what Windows PowerShell's Export-Csv puts before the header. */
const SEPARATOR_LINE = /^"?sep=(.)"?$/i;
const TYPE_LINE = /^"?#TYPE /;

/** How many lines stand before the header, and what stands between cells. */
function preambleOf(
  firstLines: readonly string[],
  nameOf: ColumnNames,
): { lines: number; delimiter: Delimiter } {
  let named: string | undefined;
  let lines = 0;
  for (const line of firstLines.slice(0, PREAMBLE_LINES_MAX)) {
    const separator = /^"?sep=\t?"?$/i.test(line) ? '\t' : SEPARATOR_LINE.exec(line)?.[1];
    if (separator === undefined && !TYPE_LINE.test(line)) break;
    named ??= separator;
    lines += 1;
  }
  const header = firstLines[lines] ?? '';
  if (/^[[{]/.test(header)) throw new BrokenFile(JSON_NOT_CSV);
  if (named === undefined) return { lines, delimiter: delimiterOf(header, nameOf) };
  const delimiter = delimiterNamed(named, header);
  if (delimiter !== undefined) return { lines, delimiter };
  throw new BrokenFile({
    ...{ line: 1, column: 1 },
    message: `The first line says that ${quoted(named)} stands between cells.`,
    remedy:
      'Save the file with commas, semicolons or tabs between cells, and name that one, or remove the line.',
  });
}

const JSON_NOT_CSV: Problem = {
  line: 1,
  column: 1,
  message: 'The file looks like JSON, not like CSV.',
  remedy: 'Give it a name that ends in .json or .ndjson, or say --input-format json.',
};

function rowOf(record: CsvRecord, uses: readonly FieldUse[]): RowRead {
  const { line } = record;
  const { cells, problems } = cellsOf(record, uses);
  const places: CellPlaces = {
    column: 1,
    placeOf(of) {
      const index = uses.indexOf(of);
      return index === -1 ? undefined : { line, column: index + 1 };
    },
  };
  return { kind: 'row', row: { line, cells, places }, problems };
}

/** The cells of a record that are not blank, by what they are for, and what is wrong with the record as such. */
function cellsOf<Use extends string>(
  { fields, line, strayReturnIn }: CsvRecord,
  uses: readonly (Use | 'ignored' | 'unnamed')[],
): { cells: Map<Use, string>; problems: Problem[] } {
  const cells = new Map<Use, string>();
  const problems: Problem[] = [];
  if (fields.length !== uses.length) problems.push(wrongLength(line, fields, uses.length));
  if (strayReturnIn !== undefined) problems.push(strayReturn(line, strayReturnIn));
  for (const [index, use] of uses.entries()) {
    const value = unguarded(fields[index]?.trim() ?? '').trim();
    if (value === '' || use === 'ignored') continue;
    const column = index + 1;
    if (use === 'unnamed') {
      problems.push({
        line,
        column,
        message: 'This cell has no column name above it.',
        remedy: UNNAMED_REMEDY,
      });
      continue;
    }
    const fault = textFault(value);
    if (fault !== undefined) problems.push({ line, column, name: use, ...fault });
    cells.set(use as Use, value);
  }
  return { cells, problems };
}

const UNNAMED_REMEDY = 'Name the column in the header, or empty the cell.';

function wrongLength(
  line: number,
  { length: fields, 0: only = '' }: readonly string[],
  columns: number,
): Problem {
  const other = fields > 1 ? undefined : DELIMITERS.find((each) => only.split(each).length === columns);
  if (other !== undefined)
    return {
      ...{ line, column: 1 },
      message: `The cells of this row are separated by ${quoted(other)}, the columns of the header by something else.`,
      remedy: 'Save the file with one delimiter.',
    };
  const column = Math.min(fields, columns) + 1;
  const message = `The row has ${fields} ${fields === 1 ? 'cell' : 'cells'}; the header has ${columns} columns.`;
  const remedy =
    fields < columns
      ? 'Write a delimiter for every cell, blank ones too.'
      : 'Put a cell that holds the delimiter in double quotes, or remove what is too much.';
  return { line, column, message, remedy };
}

const strayReturn = (line: number, column: number): Problem => ({
  line,
  column,
  message: 'A carriage return (CR) stands here alone; lines end with LF or CR LF.',
  remedy: 'Save the file with Windows or Unix line ends, and keep a CR inside a cell in double quotes.',
});

/**
 * The records of csv-parse, with what it does not tell: the line where each starts, a carriage return that ends no line, a
 * record without end. It reports how many bytes it has used, so each record's own bytes can be looked at again. The
 * records of one chunk come together and are to be taken before the next.
 */
async function* csvRecords(
  source: Utf8Source,
  delimiter: Delimiter,
  quotesAreText: boolean,
): AsyncGenerator<Iterable<CsvRecord>, void> {
  const parsed: { fields: string[]; endByte: number }[] = [];
  const parser = parse({
    delimiter,
    record_delimiter: ['\r\n', '\n'],
    relax_column_count: true,
    relax_quotes: quotesAreText,
    skip_empty_lines: true,
    trim: true,
    on_record: (fields: string[], { bytes }) => {
      parsed.push({ fields, endByte: bytes });
      return null; // nothing goes on to the stream's readable side
    },
  });
  parser.on('error', () => undefined); // each error comes to the callback of its write, too

  let pending: Buffer = Buffer.alloc(0);
  let pendingByte = 0;
  let line = 1;
  const takeParsed = function* (): Generator<CsvRecord, void> {
    for (const { fields, endByte } of parsed.splice(0)) {
      const bytes = pending.subarray(0, endByte - pendingByte);
      const starts = line + blankLinesBefore(bytes);
      if (bytes.length > RECORD_BYTES_MAX) throw new BrokenFile(tooLong(starts, bytes, delimiter));
      yield { fields, line: starts, strayReturnIn: strayReturnIn(bytes, delimiter) };
      line += newlines(bytes, bytes.length);
      pending = pending.subarray(bytes.length);
      pendingByte = endByte;
    }
  };
  const broken = (error: unknown): unknown =>
    error instanceof CsvError ? new BrokenFile(quoteProblem(error, line + blankLinesBefore(pending))) : error;

  for await (const chunk of source) {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    const error = await written(parser, chunk);
    yield takeParsed();
    if (error !== undefined) throw broken(error);
    if (pending.length > RECORD_BYTES_MAX) {
      throw new BrokenFile(tooLong(line + blankLinesBefore(pending), pending, delimiter));
    }
  }
  const error = await ended(parser);
  yield takeParsed();
  if (error !== undefined) throw broken(error);
}

function written(parser: Parser, chunk: Buffer): Promise<Error | undefined> {
  return new Promise((resolve) => parser.write(chunk, (error) => resolve(error ?? undefined)));
}

function ended(parser: Parser): Promise<Error | undefined> {
  return new Promise((resolve) => {
    parser.once('error', resolve);
    parser.end(() => resolve(undefined));
  });
}

function quoteProblem({ code, column: field }: CsvError, line: number): Problem {
  const column = typeof field === 'number' ? field + 1 : 1;
  switch (code) {
    case 'CSV_QUOTE_NOT_CLOSED':
      return {
        line,
        column,
        message: 'The quote that opens this cell is never closed.',
        remedy: CLOSE_REMEDY,
      };
    case 'INVALID_OPENING_QUOTE':
      return {
        line,
        column,
        message: 'A double quote stands within a cell that does not start with one.',
        remedy: QUOTE_REMEDY,
      };
    default: // what csv-parse says of any text behind a closing quote, in two spellings
      return { line, column, message: 'Text follows the quote that closes this cell.', remedy: QUOTE_REMEDY };
  }
}

const CLOSE_REMEDY = 'Close the cell with a double quote, and write a quote within a cell twice ("").';
const QUOTE_REMEDY = 'Put the whole cell in double quotes, and write each quote within it twice ("").';

function tooLong(line: number, bytes: Buffer, delimiter: Delimiter): Problem {
  const { field, quoted } = fieldAt(bytes, RECORD_BYTES_MAX, delimiter);
  if (quoted) {
    const message = `The quote that opens this cell is not closed within ${RECORD_BYTES_MAX} bytes.`;
    return { line, column: field, message, remedy: CLOSE_REMEDY };
  }
  const message = `The record is longer than ${RECORD_BYTES_MAX} bytes.`;
  return { line, column: field, message, remedy: 'Check that the file is CSV with one record a line.' };
}

/** The number of the first field with a carriage return that neither ends a line nor is quoted. */
function strayReturnIn(bytes: Buffer, delimiter: Delimiter): number | undefined {
  let place = RECORD_START;
  for (let at = bytes.indexOf(RETURN); at !== -1; at = bytes.indexOf(RETURN, at + 1)) {
    if (bytes[at + 1] === NEWLINE) continue;
    place = fieldAt(bytes, at, delimiter, place);
    if (!place.quoted) return place.field;
  }
  return undefined;
}

interface FieldPlace {
  readonly at: number;
  /** From 1. */
  readonly field: number;
  readonly quoted: boolean;
}

const RECORD_START: FieldPlace = { at: 0, field: 1, quoted: false };

/**
 * In which field of a record a byte is, and whether within quotes. A doubled quote closes and opens: no matter.
 * @param from a place before it that is known, so that many can be asked for in one pass
 */
function fieldAt(record: Buffer, at: number, delimiter: Delimiter, from = RECORD_START): FieldPlace {
  const delimiterByte = delimiter.charCodeAt(0);
  let { field, quoted } = from;
  for (const byte of record.subarray(from.at, at)) {
    if (byte === QUOTE) quoted = !quoted;
    else if (byte === delimiterByte && !quoted) field += 1;
  }
  return { at, field, quoted };
}

/** csv-parse skips blank lines without a word: they come with the bytes of the record behind them. */
function blankLinesBefore(record: Buffer): number {
  let end = 0;
  while (isBlankByte(record[end])) end += 1;
  return newlines(record, end);
}

const isBlankByte = (byte: number | undefined): boolean =>
  byte === 0x20 || byte === 0x09 || byte === NEWLINE || byte === RETURN;

function newlines(bytes: Buffer, end: number): number {
  let count = 0;
  for (let at = bytes.indexOf(NEWLINE); at !== -1 && at < end; at = bytes.indexOf(NEWLINE, at + 1))
    count += 1;
  return count;
}
