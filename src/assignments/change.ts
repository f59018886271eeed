import { readExtras } from './extras.ts';
import type { Address } from './policyKinds.ts';
import { quoted } from './quoted.ts';
import { readRawBody, readRawTarget } from './rawWish.ts';
import { RowReader, type ReadingRules } from './rowReader.ts';
import type { Problem, Row } from './row.ts';
import type { Wish } from './wish.ts';
import { readAddress } from './writtenAddress.ts';
import { readFilter } from './writtenFilter.ts';
import { readTarget } from './writtenTarget.ts';

/** A valid wish: this assignment, that target. */
export interface Change {
  readonly line: number;
  readonly address: Address;
  readonly wish: Wish;
}

/** A row as a change, or every problem it has. */
export function changeFrom(
  row: Row,
  rules: ReadingRules,
): { change: Change } | { problems: readonly Problem[] } {
  const reader = new RowReader(row, rules);
  const address = readAddress(reader);
  readAction(reader);
  const wish = readWish(reader, address);
  if (reader.problems.length > 0) return { problems: reader.problems };
  if (address && wish) return { change: { line: row.line, address, wish } };
  throw new Error(`Line ${row.line} reads neither as a change nor as a problem.`); // it would vanish without a word
}

/** Rows that add or remove go by another strategy, which is not there yet: refused, never taken for `set`. */
function readAction(reader: RowReader): void {
  const action = reader.text('action');
  if (action !== undefined && action.toLowerCase() !== 'set')
    reader.problem(
      'action',
      `The action ${quoted(action)} is not available.`,
      'Write set, or leave action blank.',
    );
  for (const column of ['fromTargetType', 'fromGroupId', 'fromFilterId'] as const) {
    if (reader.has(column)) {
      const remedy = 'Name the assignment by its assignmentId and leave this blank.';
      reader.problem(column, `${column} is not available.`, remedy);
    }
  }
}

/** Without an address, what does not depend on it is read all the same, so that its problems are told at once. */
function readWish(reader: RowReader, address: Address | undefined): Wish | undefined {
  if (reader.has('body')) return readRawBody(reader, address);
  if (reader.has('target')) return readRawTarget(reader, address);
  const target = readTarget(reader);
  const filter = readFilter(reader, target?.type);
  const extras = readExtras(reader, address?.form.policyType);
  return target && filter && extras && { kind: 'described', target, filter, ...extras };
}
