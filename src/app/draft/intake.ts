import { createHash, type Hash } from 'node:crypto';
import type { Renames } from '../../assignments/names/rename.ts';
import type { ColumnNames, InputColumn } from '../../assignments/rows/columns.ts';
import { asksForNothing } from '../../assignments/rows/action.ts';
import { changeOf, type Change } from '../../assignments/rows/change.ts';
import type { Resolved } from '../../assignments/names/resolve.ts';
import { DigestTable } from '../../assignments/values/digestTable.ts';
import { Duplicates } from '../../assignments/rows/duplicates.ts';
import type { Family } from '../../assignments/kinds/family.ts';
import { policyKey } from '../../assignments/kinds/address.ts';
import type { Problem, InputRow } from '../../assignments/rows/row.ts';
import type { ReadingRules } from '../../assignments/rows/rowReader.ts';
import { policiesOf } from '../../assignments/rows/writtenAddress.ts';
import { withStatedAction, type StatedRules } from '../../assignments/rows/statedAction.ts';
import type { StatedAction, TakenFor } from '../../assignments/rows/takenFor.ts';
import { readRows } from '../../formats/readRows.ts';
import { changeOfKnownRow } from '../../assignments/rows/knownRow.ts';
import { groupedByPolicy, type RowGroup } from '../../runs/grouped.ts';
import type { InputFile } from './inputFile.ts';
import { PROBLEMS_SHOWN_MAX } from '../problemsShown.ts';
import type { OpenRow } from './problemsFile.ts';
import { POLICY_ROWS_MAX, type StagedRow, type Staging } from '../../runs/staging.ts';

/** What reading a file brought. */
export interface Intake {
  readonly name: string;
  readonly sha256: string;
  readonly columns: readonly InputColumn[];
  readonly rows: number;
  /** The first PROBLEMS_SHOWN_MAX, in the order of the file. */
  readonly problems: readonly Problem[];
  readonly problemTotal: number;
  /** Rows that have one. */
  readonly badRows: number;
  /** Problems that make the whole file useless, whatever is left out. */
  readonly isBroken: boolean;
  /** Policies that have a row with a problem, by `policyKey`. */
  readonly badPolicies: ReadonlySet<string>;
  /** The line of the first row with a problem whose policy nobody can tell; undefined when there is none. */
  readonly unplacedLine: number | undefined;
  /** Rows with problems, where they were to be kept. */
  readonly open: readonly OpenRow[];
  /** Rows that ask for nothing, as an export has of policies that nobody is assigned to. They are no rows of the run. */
  readonly nothings: number;
  /** Rows that said no action and were given one. */
  readonly statedRows: number;
  /** Of a file of another tool: which, and how it was read. */
  readonly takenFor: TakenFor | undefined;
}

/** What is known of rows that had no problem: they come from a plan, or were made here. */
export const WELL = {
  ...{ problems: [], problemTotal: 0, badRows: 0, isBroken: false },
  ...{
    badPolicies: new Set<string>(),
    unplacedLine: undefined,
    open: [],
    nothings: 0,
    statedRows: 0,
    takenFor: undefined,
  },
} as const;

/** What a file needs before its rows can be read. */
export interface ReadingHelp {
  /** What it calls its columns; undefined: as documented. */
  readonly columnNames?: ColumnNames | undefined;
  readonly renames?: Renames | undefined;
  readonly names?: NameLookup | undefined;
  /** What is done with what a file of another tool lists. */
  readonly action?: StatedAction | undefined;
  /** What is done with rows in our own columns that say no action; left out: they set. */
  readonly stated?: StatedRules | undefined;
  /** Rows with problems are kept, all of them. */
  readonly keepsOpen?: boolean;
}

/** Rows that name things are read when these names were looked up; undefined: nobody can look names up here. */
export interface NameLookup {
  /** Whether a row can't be read before. */
  needs(row: InputRow): boolean;
  /** Looks the names of all these rows up together. Undefined for a row about which nothing is to be said. */
  resolver(rows: readonly InputRow[]): Promise<(row: InputRow) => Resolved | undefined>;
}

/**
 * Reads a file in one pass, whole, in flat memory. Each good row goes to `take`; what is wrong is gathered. Nothing is
 * decided here about what happens to good rows beside bad ones. From the first row on whose names have to be looked up rows are
 * held, as they are judged in the order of the file.
 */
export async function readIn(
  file: InputFile,
  rules: ReadingRules,
  take: (row: StagedRow) => Promise<void>,
  { columnNames, renames, names, action, stated, keepsOpen = false }: ReadingHelp = {},
): Promise<Intake> {
  const sha = createHash('sha256');
  const judge = new RowJudge(rules, take, keepsOpen);
  const held: InputRow[] = [];
  let [rows, nothings, isBroken] = [0, 0, false];
  let statedRows = 0;
  const judgeRow = async (row: InputRow): Promise<void> => {
    const told = stated === undefined ? row : withStatedAction(row, stated, rules);
    if (told !== row) statedRows += 1;
    await judge.row(told);
  };
  let columns: readonly InputColumn[] = [];
  let takenFor: TakenFor | undefined;
  for await (const read of readRows(hashed(file.bytes, sha), { format: file.format, columnNames, action })) {
    switch (read.kind) {
      case 'problem':
        isBroken = true;
        judge.note([read.problem]);
        break;
      case 'end':
        ({ columns, takenFor } = read);
        break;
      case 'row':
        if (read.problems.length === 0 && asksForNothing(read.row)) {
          nothings += 1;
          break;
        }
        rows += 1;
        if (read.problems.length > 0) judge.refuseRead(read.row, read.problems);
        else {
          const row = renames?.renamed(read.row) ?? read.row;
          if (held.length > 0 || names?.needs(row)) held.push(row);
          else await judgeRow(row);
        }
    }
  }
  const filled = new Set(columns);
  if (names !== undefined && held.length > 0) {
    const resolve = await names.resolver(held);
    for (const row of held) {
      const found = names.needs(row) ? resolve(row) : { row };
      if (found === undefined) continue;
      if ('problems' in found) judge.refuseNamed(found, row);
      else {
        for (const column of found.row.cells.keys()) filled.add(column);
        await judgeRow(found.row);
      }
    }
  }
  if (statedRows > 0) filled.add('action');
  const { problemTotal, badRows, badPolicies, unplacedLine } = judge;
  // Rows that were held are judged after others that stand behind them.
  const problems = judge.problems.toSorted((a, b) => a.line - b.line);
  const open = judge.open.toSorted((a, b) => a.row.line - b.row.line);
  return {
    ...{ name: file.name, sha256: sha.digest('hex'), columns: [...filled], rows },
    ...{ problems, problemTotal, badRows, isBroken, badPolicies, unplacedLine, open },
    ...{ nothings, statedRows, takenFor },
  };
}

/** Judges the rows of a file one after the other: which can be taken, and what is wrong with the others. */
class RowJudge {
  readonly problems: Problem[] = [];
  readonly badPolicies = new Set<string>();
  problemTotal = 0;
  /** Rows that have a problem. */
  badRows = 0;
  unplacedLine: number | undefined;
  readonly #rules: ReadingRules;
  readonly #take: (row: StagedRow) => Promise<void>;
  readonly #duplicates = new Duplicates();
  readonly #rowsOfPolicy = new DigestTable(1);
  readonly open: OpenRow[] = [];
  readonly #keepsOpen: boolean;
  /** What the last line with a problem was told of. */
  #told = { line: 0, texts: new Set<string>() };

  constructor(rules: ReadingRules, take: (row: StagedRow) => Promise<void>, keepsOpen: boolean) {
    this.#keepsOpen = keepsOpen;
    this.#rules = rules;
    this.#take = take;
  }

  #refuseAlone(found: readonly Problem[], row: InputRow): void {
    this.note(found);
    this.badRows += 1;
    if (this.#keepsOpen) this.open.push({ row, problems: found });
  }

  /** Another tool's line may be several rows, which have the same problem. */
  #isNew({ line, column, message }: Problem): boolean {
    if (line !== this.#told.line) this.#told = { line, texts: new Set() };
    const { size } = this.#told.texts;
    return this.#told.texts.add(`${column} ${message}`).size > size;
  }

  note(all: readonly Problem[]): void {
    const found = all.filter((problem) => this.#isNew(problem));
    this.problemTotal += found.length;
    this.problems.push(...found.slice(0, PROBLEMS_SHOWN_MAX - this.problems.length));
  }

  refuse(found: readonly Problem[], row: InputRow, policies = policiesOf(row, this.#rules)): void {
    this.#refuseAlone(found, row);
    for (const policy of policies) this.badPolicies.add(policy);
    if (policies.length === 0) this.unplacedLine ??= row.line;
  }

  /** A name that nobody has is no policy's: only those that may be meant are left out with it. */
  refuseNamed({ problems, policies }: Extract<Resolved, { problems: unknown }>, row: InputRow): void {
    if (policies === undefined || policies.length > 0) this.refuse(problems, row, policies);
    else this.#refuseAlone(problems, row);
  }

  /** Cells of a record that is no whole one may stand under wrong names: then its policy is not to be believed. */
  refuseRead(row: InputRow, found: readonly Problem[]): void {
    this.refuse(found, row, found.some(({ name }) => name === undefined) ? [] : undefined);
  }

  async row(row: InputRow): Promise<void> {
    const read = changeOf(row, this.#rules);
    if ('problems' in read) {
      this.refuse(read.problems, row);
      return;
    }
    const { change } = read;
    const policy = policyKey(change.address);
    const ofPolicy = this.#rowsOfPolicy.of(policy);
    const rowsBefore = ofPolicy[0] ?? 0;
    ofPolicy[0] = rowsBefore + 1;
    if (rowsBefore >= POLICY_ROWS_MAX) {
      this.refuse(rowsBefore > POLICY_ROWS_MAX ? [] : [tooManyOfPolicy(row, change)], row, [policy]);
      return;
    }
    const earlier = this.#duplicates.seen(change);
    if (earlier !== undefined && !earlier.same)
      this.refuse([contradiction(row, earlier.line)], row, [policy]);
    else
      await this.#take({
        ...{ input: row, policy, family: familyIn(change) },
        ...(earlier && { duplicateOf: earlier.line }),
      });
  }
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

const familyIn = ({ address }: Change): Family => address.kind.family;

/** Rows of a file that was read, with those of each policy side by side; where each stood is kept. */
export async function* policyByPolicy(staging: Staging, rules: ReadingRules): AsyncGenerator<StagedRow> {
  const duplicates = new Duplicates();
  const groupOf = (input: InputRow): RowGroup => {
    const change = changeOfKnownRow(input, rules);
    return { policy: policyKey(change.address), family: familyIn(change) };
  };
  for await (const row of groupedByPolicy(staging, groupOf)) {
    const earlier = duplicates.seen(changeOfKnownRow(row.input, rules));
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
      const change = changeOfKnownRow(input, rules);
      const policy = policyKey(change.address);
      if (badPolicies.has(policy)) continue;
      const earlier = duplicates.seen(change);
      const family = familyIn(change);
      yield { input, policy, family, ...(earlier && { duplicateOf: earlier.line }) };
    }
  }
}
