import { createHash, type Hash } from 'node:crypto';
import type { InputColumn } from '../../assignments/rows/columns.ts';
import { changeOf, type Change } from '../../assignments/rows/change.ts';
import { DigestTable } from '../../assignments/values/digestTable.ts';
import { Duplicates } from '../../assignments/rows/duplicates.ts';
import { policyKey } from '../../assignments/kinds/address.ts';
import type { Problem, InputRow } from '../../assignments/rows/row.ts';
import type { ReadingRules } from '../../assignments/rows/rowReader.ts';
import { policiesOf } from '../../assignments/rows/writtenAddress.ts';
import { readRows } from '../../formats/readRows.ts';
import { changeOfRecorded } from '../../runs/batchRow.ts';
import { groupedByPolicy } from '../../runs/grouped.ts';
import type { InputFile } from './inputFile.ts';
import { POLICY_ROWS_MAX, type StagedRow, type Staging } from '../../runs/staging.ts';

/** Problems that are shown one by one; beyond these their total is told. */
export const PROBLEMS_SHOWN_MAX = 1_000;

/** What reading a file brought. */
export interface Intake {
  readonly name: string;
  readonly sha256: string;
  readonly columns: readonly InputColumn[];
  readonly rows: number;
  /** The first PROBLEMS_SHOWN_MAX, in the order of the file. */
  readonly problems: readonly Problem[];
  readonly problemTotal: number;
  /** Problems that make the whole file useless, whatever is left out. */
  readonly isBroken: boolean;
  /** Policies that have a row with a problem, by `policyKey`. */
  readonly badPolicies: ReadonlySet<string>;
  /** The line of the first row with a problem whose policy nobody can tell; undefined when there is none. */
  readonly unplacedLine: number | undefined;
}

/** What is known of rows that had no problem: they come from a plan, or were made here. */
export const WELL = {
  ...{ problems: [], problemTotal: 0, isBroken: false },
  ...{ badPolicies: new Set<string>(), unplacedLine: undefined },
} as const;

/**
 * Reads a file in one pass, whole, in flat memory. Each good row goes to `take`; what is wrong is gathered. Nothing is
 * decided here about what happens to good rows beside bad ones.
 */
export async function readIn(
  file: InputFile,
  rules: ReadingRules,
  take: (row: StagedRow) => Promise<void>,
): Promise<Intake> {
  const sha = createHash('sha256');
  const problems: Problem[] = [];
  const badPolicies = new Set<string>();
  const duplicates = new Duplicates();
  const rowsOfPolicy = new DigestTable(1);
  let [rows, problemTotal, isBroken] = [0, 0, false];
  let unplacedLine: number | undefined;
  let columns: readonly InputColumn[] = [];
  const note = (found: readonly Problem[]): void => {
    problemTotal += found.length;
    problems.push(...found.slice(0, PROBLEMS_SHOWN_MAX - problems.length));
  };
  const noteRow = (found: readonly Problem[], row: InputRow, policies = policiesOf(row, rules)): void => {
    note(found);
    for (const policy of policies) badPolicies.add(policy);
    if (policies.length === 0) unplacedLine ??= row.line;
  };

  for await (const read of readRows(hashed(file.bytes, sha), { format: file.format })) {
    switch (read.kind) {
      case 'problem':
        isBroken = true;
        note([read.problem]);
        break;
      case 'end':
        columns = read.columns;
        break;
      case 'row': {
        rows += 1;
        // Cells of a record that is no whole one may stand under wrong names: its policy is not to be believed.
        if (read.problems.some(({ name }) => name === undefined)) {
          note(read.problems);
          unplacedLine ??= read.row.line;
          break;
        }
        const result = read.problems.length > 0 ? { problems: read.problems } : changeOf(read.row, rules);
        if ('problems' in result) {
          noteRow(result.problems, read.row);
          break;
        }
        const { change } = result;
        const policy = policyKey(change.address);
        const ofPolicy = rowsOfPolicy.of(policy);
        const rowsBefore = ofPolicy[0] ?? 0;
        ofPolicy[0] = rowsBefore + 1;
        if (rowsBefore >= POLICY_ROWS_MAX) {
          noteRow(rowsBefore > POLICY_ROWS_MAX ? [] : [tooManyOfPolicy(read.row, change)], read.row, [
            policy,
          ]);
          break;
        }
        const earlier = duplicates.seen(change);
        if (earlier !== undefined && !earlier.same)
          noteRow([contradiction(read.row, earlier.line)], read.row, [policy]);
        else {
          await take({ input: read.row, policy, ...(earlier && { duplicateOf: earlier.line }) });
        }
      }
    }
  }
  return {
    name: file.name,
    sha256: sha.digest('hex'),
    columns,
    rows,
    problems,
    problemTotal,
    isBroken,
    badPolicies,
    unplacedLine,
  };
}

/** What becomes of a policy's list is judged with all its rows at hand, in one batch. */
const tooManyOfPolicy = (row: InputRow, { address }: Change): Problem => ({
  line: row.line,
  column: row.places?.column ?? 1,
  message: `The policy ${address.policyId} has more than ${POLICY_ROWS_MAX} rows; they are judged together, so no more are taken.`,
  remedy: 'Put the rows from this line on into another file, and apply that after this one.',
});

const contradiction = (row: InputRow, line: number): Problem => ({
  line: row.line,
  column: row.places?.column ?? 1,
  message: `Line ${line} wants something else for the same assignment.`,
  remedy: 'Keep the one that is meant.',
});

async function* hashed(bytes: AsyncIterable<Uint8Array>, sha: Hash): AsyncGenerator<Uint8Array> {
  for await (const chunk of bytes) {
    sha.update(chunk);
    yield chunk;
  }
}

/** Rows of a file that was read, with those of each policy side by side; where each stood is kept. */
export async function* policyByPolicy(staging: Staging, rules: ReadingRules): AsyncGenerator<StagedRow> {
  const duplicates = new Duplicates();
  const policyOf = (input: InputRow): string => policyKey(changeOfRecorded(input, rules).address);
  for await (const row of groupedByPolicy(staging, policyOf)) {
    const earlier = duplicates.seen(changeOfRecorded(row.input, rules));
    yield { ...row, ...(earlier && { duplicateOf: earlier.line }) };
  }
}

/** Rows of a file that was read, without those of some policies. Duplicates are found anew among what is left. */
export async function* withoutPolicies(
  batches: AsyncIterable<readonly InputRow[]>,
  badPolicies: ReadonlySet<string>,
  rules: ReadingRules,
): AsyncGenerator<StagedRow> {
  const duplicates = new Duplicates();
  for await (const batch of batches) {
    for (const input of batch) {
      const change = changeOfRecorded(input, rules);
      const policy = policyKey(change.address);
      if (badPolicies.has(policy)) continue;
      const earlier = duplicates.seen(change);
      yield { input, policy, ...(earlier && { duplicateOf: earlier.line }) };
    }
  }
}
