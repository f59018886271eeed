import { extname } from 'node:path';

/** What a file of rows can be written in. A saved batch (`{"requests":[…]}`) is `json`. */
export const FILE_FORMATS = ['csv', 'json', 'ndjson'] as const;

export type FileFormat = (typeof FILE_FORMATS)[number];

const FORMAT_BY_EXTENSION: ReadonlyMap<string, FileFormat> = new Map([
  ['.csv', 'csv'],
  ['.json', 'json'],
  ['.ndjson', 'ndjson'],
  ['.jsonl', 'ndjson'],
]);

/** The format that a file's name promises; undefined when its extension is not one of ours. */
export function formatOf(path: string): FileFormat | undefined {
  return FORMAT_BY_EXTENSION.get(extname(path).toLowerCase());
}

/**
 * The format of a file of which only the first line that is not blank is known. `{` starts NDJSON when the line is a whole
 * object; when it is not, or when it is a whole saved batch or list, the file is JSON.
 */
export function formatOfFirstLine(line: string): FileFormat {
  const start = line.trimStart();
  if (start.startsWith('[')) return 'json';
  if (!start.startsWith('{')) return 'csv';
  const value = valueOf(start);
  return value === undefined || LISTS.some((name) => Array.isArray(value[name])) ? 'json' : 'ndjson';
}

/** Members that hold the records of a whole file. */
const LISTS = ['requests', 'value', 'Records'] as const;

function valueOf(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return JSON.parse(line) as Readonly<Record<string, unknown>>; // it starts with `{`, so it is an object or no JSON
  } catch {
    return undefined;
  }
}
