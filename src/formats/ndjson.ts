import type { Problem } from '../assignments/rows/row.ts';
import { BrokenFile } from './brokenFile.ts';
import { rememberedMeanings } from './cells.ts';
import type { FileFacts, ReadingOptions } from './fileFacts.ts';
import { parseRecord } from './jsonRecord.ts';
import { emptyRow, rowsByColumns } from './jsonRow.ts';
import { JsonScan } from './jsonScan.ts';
import { RECORD_BYTES_MAX } from './limits.ts';
import { linesOf, type LineLimit } from './lines.ts';
import type { FileProblem, RowRead } from './read.ts';
import type { Utf8Source } from './utf8Source.ts';

/** Rows of a file with one object a line. Each line stands alone: a broken one is a problem of that line, and reading goes on. */
export async function* readNdjson(
  source: Utf8Source,
  facts: FileFacts,
  { nameOf, action }: ReadingOptions,
): AsyncGenerator<RowRead | FileProblem, void> {
  if (/^\s*\[/.test(await source.firstLine())) throw new BrokenFile(ARRAY_NOT_LINES);
  const rowsOf = rowsByColumns(facts, rememberedMeanings(nameOf), action);
  for await (const record of linesOf(source, LINE_LIMIT)) {
    const scan = new JsonScan('{'); // a line is one value to its end, whatever it starts with
    scan.length(record.text, 0);
    const parsed = parseRecord(record, scan);
    if (parsed.kind === 'object') yield* rowsOf(record, parsed.value, parsed.problems);
    else yield emptyRow(record, parsed.problem);
  }
}

const ARRAY_NOT_LINES: Problem = {
  line: 1,
  column: 1,
  message: 'The file is a JSON array, not one object a line.',
  remedy: 'Give it a name that ends in .json, or say --input-format json.',
};

const LINE_LIMIT: LineLimit = {
  charsMax: RECORD_BYTES_MAX,
  remedy: 'Write one object per assignment and line.',
};
