import { aboutKey } from '../../assignments/rows/about.ts';
import type { Change } from '../../assignments/rows/change.ts';
import type { Problem } from '../../assignments/rows/row.ts';
import type { ReadingRules } from '../../assignments/rows/rowReader.ts';
import {
  parseWhere,
  rowAbout,
  type SelectableColumn,
  type Selector,
} from '../../assignments/rows/selector.ts';
import { closestTo } from '../../assignments/values/closest.ts';
import { EXIT, UserError } from '../../errors.ts';
import { readRows } from '../../formats/readRows.ts';
import type { Run } from '../../runs/run.ts';
import { openFile, type InputFile } from '../draft/inputFile.ts';
import { PROBLEMS_SHOWN_MAX } from '../problemsShown.ts';
import type { Host } from '../host.ts';
import { count, themOf } from '../words.ts';

/** @throws UserError (exit 2) for what is no condition. */
export function selectorFrom(where: readonly string[] = []): Selector {
  const read = parseWhere(where);
  if ('message' in read) throw new UserError(read.message, { remedy: read.remedy, exitCode: EXIT.badInput });
  return read;
}

/** What a plan reads of the tenant's policies, so that rows can be selected by it whatever columns their file has. */
export const READ_BY_PLAN = ['policyName', 'platform'] as const;

/** What rows can be selected by besides the columns of their file: their kind, and what their plan has read. */
export const alsoKnown = (hasRead: boolean): readonly SelectableColumn[] =>
  hasRead ? ['policyType', ...READ_BY_PLAN] : ['policyType'];

/**
 * A condition on a column that is not there would select nothing, and look as if there were nothing to select.
 * @param whose "Run 20260131-… has"
 * @throws UserError (exit 2)
 */
export function expectColumns(
  { columns }: Selector,
  known: readonly SelectableColumn[],
  whose: string,
): void {
  const missing = columns.find((column) => !known.includes(column));
  if (missing === undefined) return;
  const guess = closestTo(missing, known);
  const why = READ_BY_PLAN.some((column) => column === missing)
    ? ', and no plan has looked it up in the tenant'
    : '';
  throw new UserError(`${whose} no column ${missing}${why}.`, {
    remedy: `${guess === undefined ? '' : `Did you mean ${guess}? `}Write --where with one of: ${known.join(', ')}.`,
    exitCode: EXIT.badInput,
  });
}

/**
 * Whether a change is about an assignment that is in the file of `--rows`; without one, each is.
 * @throws UserError (exit 2) when the file can't be read, or has rows that name no assignment: `problems` tells of them.
 */
export async function addressesIn(
  path: string | undefined,
  { graphUrl, apiVersion }: Pick<Run, 'graphUrl' | 'apiVersion'>,
  host: Pick<Host, 'cwd' | 'env' | 'interrupted' | 'events'>,
): Promise<(change: Change) => boolean> {
  if (path === undefined) return () => true;
  const file = await openFile(path, undefined, host);
  const { keys, problems, problemTotal } = await readKeys(file, {
    root: graphUrl,
    apiVersion,
    blind: false,
    restores: true,
  });
  if (problemTotal === 0) return (change) => keys.has(aboutKey(change));
  host.events.emit('problems', { name: file.name, problems, problemTotal });
  throw new UserError(`${file.name} has ${count(problemTotal, 'problem')}; no row was selected.`, {
    remedy: `Correct ${themOf(problemTotal)} and start again.`,
    exitCode: EXIT.badInput,
  });
}

async function readKeys(
  file: InputFile,
  rules: ReadingRules,
): Promise<{ keys: ReadonlySet<string>; problems: Problem[]; problemTotal: number }> {
  const keys = new Set<string>();
  const problems: Problem[] = [];
  let problemTotal = 0;
  for await (const read of readRows(file.bytes, { format: file.format })) {
    const found: Problem[] = [];
    if (read.kind === 'problem') found.push(read.problem);
    if (read.kind === 'row') {
      const about = read.problems.length === 0 ? rowAbout(read.row, rules) : read;
      if ('key' in about) keys.add(about.key);
      else found.push(...about.problems);
    }
    problemTotal += found.length;
    problems.push(...found.slice(0, PROBLEMS_SHOWN_MAX - problems.length));
  }
  return { keys, problems, problemTotal };
}
