import { stringify } from 'csv-stringify/sync';
import type { FileFormat } from './format.ts';
import { guarded } from './formulaGuard.ts';

/** Names to values; a name that is missing is null. */
export type Values = Readonly<Record<string, unknown>>;

/** `excel`: semicolons, and a byte order mark. */
export type CsvSpelling = 'plain' | 'excel';

/** How many records become one piece of text. csv-stringify reads its options anew for each piece. */
const RECORDS_PER_PIECE = 500;

/**
 * The text of a file with these columns, in pieces, to be written as UTF-8. `readRows` gives the same values again.
 * null is a blank cell in CSV and null in JSON; an object in a CSV cell is JSON text; text that a spreadsheet would take for
 * a formula has an apostrophe before it in CSV. JSON has a line per record.
 * @param spelling of CSV: `excel` opens in one where commas are decimal, and in the right letters
 */
export async function* writeRows(
  format: FileFormat,
  columns: readonly string[],
  records: AsyncIterable<Values> | Iterable<Values>,
  spelling: CsvSpelling = 'plain',
): AsyncGenerator<string, void> {
  const { head, text, between, tail } = WRITERS[format](columns, spelling);
  yield head;
  let piece: Values[] = [];
  let isFirst = true;
  const flushed = (): string => {
    const written = (isFirst ? '' : between) + text(piece);
    isFirst = false;
    piece = [];
    return written;
  };
  for await (const record of records) {
    if (piece.push(record) === RECORDS_PER_PIECE) yield flushed();
  }
  if (piece.length > 0) yield flushed();
  yield tail;
}

interface Writer {
  readonly head: string;
  readonly text: (records: readonly Values[]) => string;
  readonly between: string;
  readonly tail: string;
}

const WRITERS: Record<FileFormat, (columns: readonly string[], spelling: CsvSpelling) => Writer> = {
  csv: (columns, spelling) => ({
    head: `${spelling === 'excel' ? '\ufeff' : ''}${csvText([columns], spelling)}`,
    text: (records) =>
      csvText(
        records.map((record) => columns.map((column) => record[column] ?? null)),
        spelling,
      ),
    between: '',
    tail: '',
  }),
  json: (columns) => ({
    head: '[\n',
    text: (records) => records.map((record) => jsonText(columns, record)).join(',\n'),
    between: ',\n',
    tail: '\n]\n',
  }),
  ndjson: (columns) => ({
    head: '',
    text: (records) => records.map((record) => `${jsonText(columns, record)}\n`).join(''),
    between: '',
    tail: '',
  }),
};

const jsonText = (columns: readonly string[], record: Values): string =>
  JSON.stringify(Object.fromEntries(columns.map((column) => [column, record[column] ?? null])));

const csvText = (records: readonly (readonly unknown[])[], spelling: CsvSpelling): string =>
  stringify(
    records.map((record) => [...record]),
    {
      delimiter: spelling === 'excel' ? ';' : ',',
      // Its own casts write true as 1 and a Date as milliseconds.
      cast: {
        string: guarded,
        boolean: String,
        date: (date) => date.toISOString(),
        object: (value) => JSON.stringify(value),
      },
      quoted_match: /[\r,;\t]/, // a CR would end a line elsewhere; the others are delimiters of other files
    },
  );
