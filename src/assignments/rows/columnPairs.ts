import { plainName } from '../values/plainName.ts';
import { closestTo } from '../values/closest.ts';
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
  const written = pairs.map(([name]) => name);
  return (name) => {
    const meaning = own.get(plainName(name)) ?? columnMeaning(name);
    if (meaning.kind !== 'unknown') return meaning;
    const near = closestTo(plainName(name), written.map(plainName));
    const given = written.find((each) => plainName(each) === near);
    return given === undefined ? meaning : { ...meaning, given };
  };
}

/** Why a pair is none, and which of them. */
export interface PairFault extends Fault {
  /** From 0. */
  readonly at: number;
}

/** Reads `OldGroup=fromGroupName`, one of each; nothing behind the sign: the column is not read. */
export function readColumnPairs(
  written: readonly string[],
): { readonly pairs: readonly ColumnPair[] } | PairFault {
  const pairs = new Map<string, ColumnPair>();
  for (const [at, text] of written.entries()) {
    const read = readPair(text);
    if ('message' in read) return { at, ...read };
    const [name, column] = read;
    const before = pairs.get(plainName(name));
    if (before !== undefined && before[1] !== column)
      return {
        at,
        message: `${quoted(name)} is said to be ${column === '' ? 'not read' : column}, and before ${before[1] === '' ? 'not read' : before[1]}.`,
        remedy: 'Keep the one that is meant.',
      };
    pairs.set(plainName(name), read);
  }
  return { pairs: [...pairs.values()] };
}

function readPair(text: string): ColumnPair | Fault {
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
  return [name, meaning?.column ?? ''];
}
