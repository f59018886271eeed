import type { ColumnNames, InputColumn } from '../assignments/rows/columns.ts';
import { quoted } from '../assignments/values/quoted.ts';
import type { Problem } from '../assignments/rows/row.ts';
import { BrokenFile } from './brokenFile.ts';
import { repeatedColumn, shortName, unknownColumn } from './cells.ts';
import { COLUMNS_MAX } from './limits.ts';
import { otherTable } from './otherTools.ts';

export const DELIMITERS = [',', ';', '\t'] as const;

export type Delimiter = (typeof DELIMITERS)[number];

/** What a field of each record is for: its column, `ignored` (a result column, or named in a problem), or `unnamed`. */
export type FieldUse = InputColumn | 'ignored' | 'unnamed';

/** The delimiter is the one that makes most names of the header known; when none does, the one that is there most. */
export function delimiterOf(headerLine: string, nameOf: ColumnNames): Delimiter {
  const names = (delimiter: Delimiter): string[] =>
    headerLine.split(delimiter, COLUMNS_MAX).map((name) => name.trim().replace(/^"(.*)"$/, '$1'));
  const known = (delimiter: Delimiter): number =>
    names(delimiter).filter((name) => nameOf(name).kind !== 'unknown').length;
  const [best] = DELIMITERS.toSorted((a, b) => known(b) - known(a) || names(b).length - names(a).length);
  return best ?? ',';
}

/** What each field of the header stands for, and the problems of the header; a header that has nothing of ours is fatal. */
export function readHeader(
  names: readonly string[],
  line: number,
  nameOf: ColumnNames,
): { uses: FieldUse[]; problems: Problem[] } {
  if (names.length > COLUMNS_MAX) {
    throw new BrokenFile({
      line,
      column: COLUMNS_MAX + 1,
      message: `The header has ${names.length} columns; ${COLUMNS_MAX} are read.`,
      remedy: 'Remove the columns that `retarget` does not know.',
    });
  }
  const problems: Problem[] = [];
  const seen = new Set<InputColumn>();
  const uses = names.map((written, index): FieldUse => {
    const name = written.trim();
    if (name === '') return 'unnamed';
    const meaning = nameOf(name);
    if (meaning.kind === 'ignored') return 'ignored';
    const place = { line, column: index + 1, name: shortName(name) };
    if (meaning.kind === 'unknown') {
      problems.push({ ...place, ...unknownColumn(name, meaning.didYouMean) });
      return 'ignored';
    }
    if (seen.has(meaning.column)) {
      problems.push({ ...place, ...repeatedColumn(name, meaning.column) });
      return 'ignored';
    }
    seen.add(meaning.column);
    return meaning.column;
  });
  // No other tool has these two.
  const isOurs = seen.has('policyType') || seen.has('url');
  const other = isOurs || problems.length === 0 ? undefined : otherTable(names);
  if (other !== undefined) throw new BrokenFile({ line, column: 1, ...other });
  if (seen.size === 0) throw new BrokenFile(noHeader(names[0] ?? '', line));
  return { uses, problems };
}

function noHeader(first: string, line: number): Problem {
  return {
    line,
    column: 1,
    message: `The first line, which starts with ${quoted(first.trim())}, names no column of ours.`,
    remedy:
      'Start the file with the names of its columns, for example: policyType,policyId,assignmentId,targetType,groupId',
  };
}
