import { parse } from 'csv-parse/sync';
import { foldedName } from '../assignments/names/nameTable.ts';
import { RENAMED, type Renaming } from '../assignments/names/rename.ts';
import type { Fault, Problem } from '../assignments/rows/row.ts';
import { isJsonObject } from '../assignments/values/json.ts';
import { plainName } from '../assignments/values/plainName.ts';
import { quoted } from '../assignments/values/quoted.ts';
import { textFault } from './cells.ts';

/** Bytes of a file of renamings: one of a tenant's groups has a megabyte. */
export const RENAMINGS_BYTES_MAX = 20_000_000;

/** Names of the two columns, as people call them. */
const FROM = ['from', 'old', 'oldname', 'oldid', 'source', 'id'];
const TO = ['to', 'new', 'newname', 'newid', 'destination', 'displayname'];
const OF = ['kind', 'type', 'of'];

const BEGIN = { line: 1, column: 1 };

/**
 * Reads what is renamed to what: CSV with the columns `old` and `new`, and `kind` (policy, group, filter) where a name means one of
 * them only; or the MigrationTable.json of IntuneManagement, which says the names of groups by their ids.
 */
export function readRenamings(
  text: string,
): { readonly renamings: readonly Renaming[] } | { readonly problem: Problem } {
  return /^\s*[[{]/.test(text) ? fromJson(text) : fromCsv(text);
}

function fromJson(text: string): ReturnType<typeof readRenamings> {
  let table: unknown;
  try {
    table = JSON.parse(text);
  } catch (error) {
    return problem(`The file is no JSON: ${error instanceof Error ? error.message : String(error)}.`);
  }
  const objects = isJsonObject(table) ? table['Objects'] : undefined;
  if (!Array.isArray(objects))
    return problem('A JSON file of renamings is a MigrationTable.json, which has "Objects".');
  const found = new Found();
  for (const each of objects as unknown[]) {
    const { Id: from, DisplayName: to, Type: type } = isJsonObject(each) ? each : {};
    if (typeof from !== 'string' || typeof to !== 'string' || from === '' || to === '') continue;
    const kind = RENAMED.find((known) => known === String(type).toLowerCase()) ?? '';
    const fault = found.take({ from, to, kind });
    if (fault !== undefined) return { problem: { ...BEGIN, ...fault } };
  }
  return { renamings: found.renamings };
}

function fromCsv(text: string): ReturnType<typeof readRenamings> {
  const { delimiter, linesBefore } = shapeOf(text);
  let records: readonly { readonly record: string[]; readonly info: { readonly lines: number } }[];
  try {
    records = parse(text, {
      ...{ bom: true, delimiter, info: true, from_line: linesBefore + 1 },
      ...{ relax_column_count: true, skip_empty_lines: true, trim: true },
    }) as unknown as typeof records; // `info` makes records of this shape
  } catch (error) {
    return problem(
      `The file can't be read as CSV: ${error instanceof Error ? error.message : String(error)}.`,
    );
  }
  const [header, ...rows] = records;
  const names = header?.record ?? [];
  const places = (of: readonly string[]): number[] =>
    names.flatMap((name, at) => (of.includes(plainName(name)) ? [at] : []));
  const [from = -1, ...moreFrom] = places(FROM);
  const [to = -1, ...moreTo] = places(TO);
  const [of = -1] = places(OF);
  if (from === -1 || to === -1) return problem('The header has not both an old and a new name.');
  if (moreFrom.length + moreTo.length > 0)
    return problem('The header names the old or the new name twice.', header?.info.lines);
  const found = new Found();
  for (const { record, info } of rows) {
    if (record.every((cell) => cell === '')) continue;
    const fault =
      record.length === names.length
        ? found.take({ from: record[from] ?? '', to: record[to] ?? '', kind: record[of] ?? '' }, info.lines)
        : wrongLength(record.length, names.length);
    if (fault !== undefined) return { problem: { line: info.lines, column: 1, ...fault } };
  }
  return { renamings: found.renamings };
}

/** What stands between cells is told by the header, or by the `sep=` before it: names hold commas, and who saves with semicolons quotes none. */
function shapeOf(text: string): { readonly delimiter: string; readonly linesBefore: number } {
  const lines = text.replace(/^\ufeff/, '').split(/\r?\n/, PREAMBLE_LINES_MAX + 1);
  const isBefore = (line: string): boolean => /^"?(sep=.|#TYPE )/i.test(line);
  const linesBefore = lines.findIndex((line) => !isBefore(line));
  const header = lines[linesBefore] ?? '';
  const named = /^"?sep=(.)/i.exec(lines[0] ?? '')?.[1];
  const fits = (delimiter: string): boolean => {
    const names = header.split(delimiter).map((name) => plainName(name.replace(/^\s*"(.*)"\s*$/, '$1')));
    return [FROM, TO].every((of) => names.some((name) => of.includes(name)));
  };
  return { delimiter: DELIMITERS.find(fits) ?? named ?? ',', linesBefore: Math.max(0, linesBefore) };
}

const DELIMITERS = [',', ';', '\t'];
/** `sep=;` and `#TYPE …`. */
const PREAMBLE_LINES_MAX = 2;

function wrongLength(cells: number, columns: number): Fault {
  return {
    message: `The row has ${cells} ${cells === 1 ? 'cell' : 'cells'}; the header has ${columns}.`,
    remedy: 'Put a name that holds the delimiter in double quotes, and write a delimiter for every cell.',
  };
}

/** What a file renames, each once. */
class Found {
  readonly renamings: Renaming[] = [];
  readonly #seen = new Map<string, { readonly to: string; readonly line: number | undefined }>();

  /** @param line undefined: it has none, as in JSON */
  take(
    { from, to, kind }: { readonly from: string; readonly to: string; readonly kind: string },
    line?: number,
  ): Fault | undefined {
    const of = RENAMED.find((each) => each === kind.toLowerCase());
    if (from === '' || to === '') return { message: 'One of the two names is blank.', remedy: WRITE_BOTH };
    if (kind !== '' && of === undefined)
      return { message: `${quoted(kind)} is no kind.`, remedy: WRITE_BOTH };
    const hidden = textFault(from) ?? textFault(to);
    if (hidden !== undefined) return hidden;
    for (const each of of === undefined ? RENAMED : [of]) {
      const key = `${each} ${foldedName(from)}`;
      const before = this.#seen.get(key);
      if (before !== undefined && foldedName(before.to) !== foldedName(to))
        return {
          message: `${quoted(from)} becomes ${quoted(to)} here and ${quoted(before.to)} ${before.line === undefined ? 'elsewhere' : `in line ${before.line}`}.`,
          remedy: 'Keep the one that is meant, or tell them apart by kind.',
        };
      this.#seen.set(key, { to, line });
    }
    this.renamings.push({ of, from, to });
    return undefined;
  }
}

const WRITE_BOTH = `Write both names, and as kind one of: ${RENAMED.join(', ')}; or leave kind blank.`;

const problem = (message: string, line = 1): { problem: Problem } => ({
  problem: {
    ...BEGIN,
    line,
    message,
    remedy: 'Write CSV with the columns old,new (and kind), or give a MigrationTable.json.',
  },
});
