import {
  changeOf as readChange,
  type Change,
  type DesiredChange,
} from '../../src/assignments/rows/change.ts';
import type { InputColumn } from '../../src/assignments/rows/columns.ts';
import type { Problem, InputRow } from '../../src/assignments/rows/row.ts';
import type { ReadingRules } from '../../src/assignments/rows/rowReader.ts';

export type Cells = { readonly [column in InputColumn]?: unknown };

/** Of a file that is read in. */
export const FROM_FILE: ReadingRules = {
  root: 'https://graph.microsoft.com',
  apiVersion: 'beta',
  blind: false,
};
/** Of rows that stand in a record, so that a test may call its groups G1 and G2. */
export const BETA: ReadingRules = { ...FROM_FILE, recorded: true };
export const V1: ReadingRules = { ...BETA, apiVersion: 'v1.0' };
export const BLIND: ReadingRules = { ...BETA, blind: true };

/** A row as the formats give it: its cells stand in columns 1, 2, 3, …; undefined ones are blank and so not there. */
export function inputRow(cells: Cells, line = 2): InputRow {
  const names = Object.keys(cells);
  return {
    line,
    cells: new Map(
      Object.entries(cells).flatMap(([name, value]) =>
        value === undefined ? [] : [[name as InputColumn, value]],
      ),
    ),
    places: {
      column: 1,
      placeOf: (of) => (names.includes(of) ? { line, column: names.indexOf(of) + 1 } : undefined),
    },
  };
}

export const configuration: Cells = { policyType: 'deviceConfiguration', policyId: 'P1', assignmentId: 'A1' };
export const compliance: Cells = { policyType: 'deviceCompliancePolicy', policyId: 'P1', assignmentId: 'A1' };

/** The desired state that a row without problems is. */
export function changeOf(cells: Cells, rules = BETA, line = 2): DesiredChange {
  const change = anyChangeOf(cells, rules, line);
  if (change.desired !== undefined) return change;
  throw new Error(`The action ${change.action} wants nothing.`);
}

/** The change that a row without problems is, also one that removes. */
export function anyChangeOf(cells: Cells, rules = BETA, line = 2): Change {
  const read = readChange(inputRow(cells, line), rules);
  if ('change' in read) return read.change;
  throw new Error(read.problems.map(({ name, message }) => `${name}: ${message}`).join('\n'));
}

/** What is wrong with a row; empty for a change. */
export function problemsOf(cells: Cells, rules = BETA): readonly Problem[] {
  const read = readChange(inputRow(cells), rules);
  return 'problems' in read ? read.problems : [];
}

/** The columns that a row's problems point at. */
export const faultyColumns = (cells: Cells, rules = BETA): (string | undefined)[] =>
  problemsOf(cells, rules).map(({ name }) => name);
