import { plainName } from '../values/plainName.ts';
import { quoted } from '../values/quoted.ts';
import {
  columnMeaning,
  INPUT_COLUMNS,
  type ColumnMeaning,
  type ColumnNames,
  type InputColumn,
} from './columns.ts';
import type { Fault } from './row.ts';

/** A name that somebody's file has, and what it means: a column, or `''` for one that is not read. */
export type ColumnPair = readonly [written: string, column: InputColumn | ''];

/** Names of somebody's own before ours. */
export function columnNames(pairs: readonly ColumnPair[]): ColumnNames {
  const own = new Map(
    pairs.map(([written, column]): [string, ColumnMeaning] => [
      plainName(written),
      column === '' ? { kind: 'ignored' } : { kind: 'input', column },
    ]),
  );
  return (name) => own.get(plainName(name)) ?? columnMeaning(name);
}

/** Reads `OldGroup=fromGroupName`, one of each; nothing behind the sign: the column is not read. */
export function readColumnPairs(
  written: readonly string[],
): { readonly pairs: readonly ColumnPair[] } | Fault {
  const pairs: ColumnPair[] = [];
  for (const text of written) {
    const at = text.lastIndexOf('=');
    const name = text.slice(0, at).trim();
    const column = text.slice(at + 1).trim();
    if (at < 1 || name === '')
      return {
        message: `${quoted(text)} is no pair of a name and a column.`,
        remedy: 'Write it as in OldGroup=fromGroupName; with nothing behind the sign the column is not read.',
      };
    const meaning = column === '' ? undefined : columnMeaning(column);
    if (meaning !== undefined && meaning.kind !== 'input')
      return {
        message: `${quoted(column)} is no column.`,
        remedy: `${meaning.kind === 'unknown' && meaning.didYouMean ? `Did you mean ${meaning.didYouMean}? ` : ''}Write one of: ${INPUT_COLUMNS.join(', ')}.`,
      };
    pairs.push([name, meaning?.column ?? '']);
  }
  return { pairs };
}
