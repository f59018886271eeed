import { aboutKey } from './about.ts';
import { changeOf } from './change.ts';
import { closestTo } from '../values/closest.ts';
import { INPUT_COLUMNS, RESULT_COLUMNS, type InputColumn, type ResultColumn } from './columns.ts';
import { plainName } from '../values/plainName.ts';
import { addressKey } from '../kinds/address.ts';
import { quoted } from '../values/quoted.ts';
import type { Fault, Problem, InputRow } from './row.ts';
import { RowReader, type ReadingRules } from './rowReader.ts';
import { readAddress } from './writtenAddress.ts';

/** What rows can be selected by; `row` is the line, as in JSON results. */
export type SelectableColumn = InputColumn | ResultColumn | 'row';

const SELECTABLE_COLUMNS: readonly SelectableColumn[] = [...INPUT_COLUMNS, ...RESULT_COLUMNS, 'row'];

const columnByPlainName = new Map(SELECTABLE_COLUMNS.map((column) => [plainName(column), column]));

/** Which rows are meant. */
export interface Selector {
  /** What it asks for. */
  readonly columns: readonly SelectableColumn[];
  /** @param cell the text of a cell, as `cellText` gives it; undefined or '' when it is blank */
  matches(cell: (column: SelectableColumn) => string | undefined): boolean;
}

/**
 * The rows for which every text holds; all rows when there is none. A text is `name=glob`: a column in any spelling that a
 * header may have, and its whole text without case, where `*` is any text and everything else itself. A blank cell is ''.
 * `name!=glob` holds where that does not, so for a blank cell, too, unless the glob is ''.
 */
export function parseWhere(texts: readonly string[]): Fault | Selector {
  const conditions: Condition[] = [];
  for (const text of texts) {
    const condition = parseCondition(text);
    if ('message' in condition) return condition;
    conditions.push(condition);
  }
  return {
    columns: conditions.map(({ column }) => column),
    matches: (cell) =>
      conditions.every(
        ({ column, isNegated, parts }) => fitsPattern(cell(column) ?? '', parts) !== isNegated,
      ),
  };
}

interface Condition {
  readonly column: SelectableColumn;
  readonly isNegated: boolean;
  /** What stands between the `*`, in lower case. */
  readonly parts: readonly string[];
}

function parseCondition(text: string): Fault | Condition {
  const equals = text.indexOf('=');
  if (equals === -1) {
    return {
      message: `${quoted(text)} is no condition.`,
      remedy:
        'Write column=text or column!=text, for example status=failed or "policyName!=*Kiosk*"; * stands for any text.',
    };
  }
  // No column ends in a `!`.
  const isNegated = text.charAt(equals - 1) === '!';
  const name = text.slice(0, isNegated ? equals - 1 : equals);
  const column = columnByPlainName.get(plainName(name));
  if (column === undefined) return unknownColumn(name);
  const glob = text.slice(equals + 1);
  return { column, isNegated, parts: glob.toLowerCase().split('*') };
}

function unknownColumn(name: string): Fault {
  const guess = closestTo(plainName(name), SELECTABLE_COLUMNS);
  return {
    message: `There is no column ${quoted(name.trim())} to select by.`,
    remedy: `${guess === undefined ? '' : `Did you mean ${guess}? `}Write an input column such as policyId, platform or policyName, or one of: ${RESULT_COLUMNS.join(', ')}.`,
  };
}

/**
 * Whether a text is of this pattern, whatever its letter case. Each part stands at its first place behind the one before it: that leaves
 * the most room for the rest.
 * @param parts what stands between the `*` of the pattern, in lower case
 */
export function fitsPattern(text: string, parts: readonly string[]): boolean {
  const [first = '', ...rest] = parts;
  const last = rest.pop();
  const lower = text.toLowerCase();
  if (last === undefined) return lower === first;
  if (!lower.startsWith(first)) return false;
  let at = first.length;
  for (const part of rest) {
    const found = lower.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return lower.length - at >= last.length && lower.endsWith(last);
}

/** The text of a cell as a CSV file shows it; undefined for a blank one. */
export function cellText(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/**
 * What an input row is about, by `aboutKey`, or what is wrong with it. Where it has the id of an assignment, only its address is
 * read, so that a mere list of assignments will do.
 */
export function rowAbout(
  row: InputRow,
  rules: ReadingRules,
): { readonly key: string } | { readonly problems: readonly Problem[] } {
  const reader = new RowReader(row, rules);
  const address = readAddress(reader, 'optional');
  if (address === undefined) return { problems: reader.problems };
  // What is to be added has no id yet, whatever the row was exported with.
  const isAdded = String(row.cells.get('action') ?? '').toLowerCase() === 'add';
  if (address.assignmentId !== '' && !isAdded) return { key: addressKey(address) };
  const read = changeOf(row, rules);
  return 'problems' in read ? read : { key: aboutKey(read.change) };
}
