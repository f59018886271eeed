import type { ColumnNames, InputColumn } from '../assignments/rows/columns.ts';
import { plainName } from '../assignments/values/plainName.ts';
import { quoted } from '../assignments/values/quoted.ts';
import type { Fault, Problem } from '../assignments/rows/row.ts';
import { BrokenFile } from './brokenFile.ts';
import { repeatedColumn, shortName, unknownColumn } from './cells.ts';
import { COLUMNS_MAX } from './limits.ts';
import { refusedTable, refusedText } from './tools/refusedTables.ts';
import { tableOf } from './tools/tables.ts';
import type { TableTool } from './tools/tableTool.ts';

export const DELIMITERS = [',', ';', '\t'] as const;

/** Some tools let their users choose these. */
const TOOL_DELIMITERS = [...DELIMITERS, '|', ':'] as const;

export type Delimiter = (typeof TOOL_DELIMITERS)[number];

/** What a field of each record is for: its column, `ignored` (a result column, or named in a problem), or `unnamed`. */
export type FieldUse = InputColumn | 'ignored' | 'unnamed';

/** The same in a table of another tool, whose own columns are named by it. */
export type ToolUse = FieldUse | `tool ${string}`;

/** Columns of ours that may stand beside another tool's: they tell policies of one name apart, or are for people. */
export const BESIDE: readonly InputColumn[] = ['policyType', 'platform', 'note'];

/** What the header of a file says. */
export type CsvHeader =
  | { readonly kind: 'ours'; readonly uses: readonly FieldUse[]; readonly problems: readonly Problem[] }
  | {
      readonly kind: 'tool';
      readonly tool: TableTool;
      readonly uses: readonly ToolUse[];
      readonly problems: readonly Problem[];
    };

/** The delimiter that the first line names, where it is one that a file may have. */
export const delimiterNamed = (named: string, headerLine: string): Delimiter | undefined =>
  DELIMITERS.find((each) => each === named) ??
  TOOL_DELIMITERS.find((each) => each === named && isOfTool(namesIn(headerLine, each)));

const namesIn = (headerLine: string, delimiter: Delimiter): string[] =>
  headerLine.split(delimiter, COLUMNS_MAX).map((name) => name.trim().replace(/^"(.*)"$/, '$1'));

const isOfTool = (names: readonly string[]): boolean =>
  tableOf(names) !== undefined || refusedTable(names) !== undefined;

/** Whether the header is of a tool that quotes nothing. */
export const isUnquoted = (headerLine: string, delimiter: Delimiter): boolean =>
  tableOf(namesIn(headerLine, delimiter))?.isUnquoted === true;

/**
 * The delimiter is the one that makes the header another tool's, or most of its names known; when none does, the one that is there
 * most.
 */
export function delimiterOf(headerLine: string, nameOf: ColumnNames): Delimiter {
  const names = (delimiter: Delimiter): string[] => namesIn(headerLine, delimiter);
  const ofTool = TOOL_DELIMITERS.find((delimiter) => isOfTool(names(delimiter)));
  if (ofTool !== undefined) return ofTool;
  const known = (delimiter: Delimiter): number =>
    names(delimiter).filter((name) => nameOf(name).kind !== 'unknown').length;
  const [best] = DELIMITERS.toSorted((a, b) => known(b) - known(a) || names(b).length - names(a).length);
  return best ?? ',';
}

/**
 * What each field of the header stands for, and the problems of the header; a header that has nothing of ours is fatal.
 * @param firstLines of the file, by which text that is no table is known
 */
export function readHeader(
  names: readonly string[],
  line: number,
  nameOf: ColumnNames,
  firstLines: readonly string[],
): CsvHeader {
  if (names.length > COLUMNS_MAX) {
    throw new BrokenFile({
      line,
      column: COLUMNS_MAX + 1,
      message: `The header has ${names.length} columns; ${COLUMNS_MAX} are read.`,
      remedy: 'Remove the columns that `retarget` does not know.',
    });
  }
  const tool = tableOf(names);
  // Whoever says what each column means, by --columns, is believed.
  if (tool !== undefined && names.some((name) => name.trim() !== '' && nameOf(name).kind === 'unknown')) {
    const own = new Map([...tool.has, ...tool.also].map((name) => [plainName(name), toolUse(name)]));
    return { kind: 'tool', tool, ...usesOf(names, line, besideOf(nameOf), own) };
  }
  const { uses, problems, seen } = usesOf(names, line, nameOf, new Map<string, never>());
  // No other tool has these two.
  const isOurs = seen.has('policyType') || seen.has('url');
  const other = isOurs || problems.length === 0 ? undefined : refusedTable(names);
  if (other !== undefined) throw new BrokenFile({ line, column: 1, ...other });
  if (seen.size === 0)
    throw new BrokenFile({
      ...noHeader(names[0] ?? '', line),
      ...otherDelimiter(names, nameOf),
      ...refusedText(firstLines),
    });
  return { kind: 'ours', uses, problems };
}

const besideOf =
  (nameOf: ColumnNames): ColumnNames =>
  (name) => {
    const meaning = nameOf(name);
    return meaning.kind === 'input' && !BESIDE.includes(meaning.column)
      ? { kind: 'unknown', didYouMean: undefined }
      : meaning;
  };

/** The use of a column of another tool, however its name is spelled. */
export const toolUse = (name: string): `tool ${string}` => `tool ${plainName(name)}`;

/** @param own columns of another tool, by their plain names, which go before ours */
function usesOf<Own extends string>(
  names: readonly string[],
  line: number,
  nameOf: ColumnNames,
  own: ReadonlyMap<string, Own>,
): { uses: (FieldUse | Own)[]; problems: Problem[]; seen: ReadonlySet<string> } {
  const problems: Problem[] = [];
  const seen = new Set<InputColumn | Own>();
  const uses = names.map((written, index): FieldUse | Own => {
    const name = written.trim();
    if (name === '') return 'unnamed';
    const meaning = nameOf(name);
    const ofTool = own.get(plainName(name));
    if (ofTool === undefined && meaning.kind === 'ignored') return 'ignored';
    const place = { line, column: index + 1, name: shortName(name) };
    if (ofTool === undefined && meaning.kind === 'unknown') {
      problems.push({ ...place, ...unknownColumn(name, meaning) });
      return 'ignored';
    }
    const use = ofTool ?? (meaning.kind === 'input' ? meaning.column : undefined);
    if (use === undefined) return 'ignored';
    if (seen.has(use)) {
      problems.push({ ...place, ...repeatedColumn(name, ofTool === undefined ? use : name) });
      return 'ignored';
    }
    seen.add(use);
    return use;
  });
  return { uses, problems, seen };
}

/** A header whose names are known as soon as something else stands between them. */
function otherDelimiter(names: readonly string[], nameOf: ColumnNames): Fault | undefined {
  const [only = '', ...more] = names;
  const delimiter =
    more.length > 0 ? undefined : TOOL_DELIMITERS.find((each) => isKnownBy(namesIn(only, each), nameOf));
  if (delimiter === undefined) return undefined;
  const isTaken = DELIMITERS.some((each) => each === delimiter);
  return {
    message: `The names of the columns are separated by ${quoted(delimiter)}, and the file is read with another delimiter.`,
    remedy: isTaken
      ? `Name that one in the first line, as in sep=${delimiter}, or remove the line.`
      : 'Save the file with commas, semicolons or tabs between cells.',
  };
}

const isKnownBy = (names: readonly string[], nameOf: ColumnNames): boolean =>
  names.length > 1 && names.some((name) => nameOf(name).kind === 'input');

function noHeader(first: string, line: number): Problem {
  return {
    line,
    column: 1,
    message: `The first line, which starts with ${quoted(first.trim())}, names no column of ours.`,
    remedy:
      'Start the file with the names of its columns, for example: policyType,policyId,assignmentId,targetType,groupId',
  };
}
