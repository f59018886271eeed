import { changeOf, type Change } from './change.ts';
import type { InputRow } from './row.ts';
import type { ReadingRules } from './rowReader.ts';

/**
 * The change of a row that was read before. Only rows without a problem are staged or recorded, so that reading one again can't fail.
 * @param runId whose row it is; undefined while a file is read in
 */
export function changeOfKnownRow(input: InputRow, rules: ReadingRules, runId?: string): Change {
  const read = changeOf(input, { ...rules, recorded: true });
  if ('problems' in read)
    throw new Error(
      `line ${input.line}${runId === undefined ? '' : ` of run ${runId}`} does not read any more: ${read.problems[0]?.message}`,
    );
  return read.change;
}
