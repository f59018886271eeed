import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { InputColumn } from '../assignments/columns.ts';
import { addressOf, changeFrom, type Change, type ReadingRules } from '../assignments/change.ts';
import { Duplicates } from '../assignments/duplicates.ts';
import { policyKey } from '../assignments/policyKinds.ts';
import type { Problem, Row } from '../assignments/row.ts';
import { EXIT, UserError } from '../errors.ts';
import { FILE_FORMATS, formatOf, type FileFormat } from '../formats/format.ts';
import { readRows } from '../formats/readRows.ts';
import { inputRowOf, rowOf, type InputRow } from '../runs/batchCodec.ts';
import type { StagedRow } from '../runs/staging.ts';
import type { Context } from './context.ts';

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
}

export interface InputFile {
  /** As problems name it: the path as given, `-` for stdin. */
  readonly name: string;
  readonly format: FileFormat | undefined;
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** @throws UserError (exit 2) when there is no such file, or no such format. */
export async function openInput(
  path: string,
  inputFormat: string | undefined,
  context: Context,
): Promise<InputFile> {
  const named = FILE_FORMATS.find((format) => format === inputFormat?.toLowerCase());
  if (inputFormat !== undefined && named === undefined) {
    throw new UserError(`"${inputFormat}" is no input format.`, {
      remedy: `Write --input-format with one of: ${FILE_FORMATS.join(', ')}.`,
      exitCode: EXIT.badInput,
    });
  }
  if (path === '-') return { name: '-', format: named, bytes: context.stdin };
  const found = await stat(path).catch((error: unknown) => error);
  const fault =
    found instanceof Error
      ? found.message
      : (found as Awaited<ReturnType<typeof stat>>).isDirectory()
        ? 'it is a directory'
        : undefined;
  if (fault !== undefined) {
    throw new UserError(`Cannot read ${path}: ${fault}.`, {
      remedy: 'Give the path of a CSV or JSON file, or - for stdin.',
      exitCode: EXIT.badInput,
    });
  }
  return { name: path, format: named ?? formatOf(path), bytes: createReadStream(path) };
}

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
  let [rows, problemTotal, isBroken] = [0, 0, false];
  let columns: readonly InputColumn[] = [];
  const note = (found: readonly Problem[], row?: Row): void => {
    problemTotal += found.length;
    problems.push(...found.slice(0, PROBLEMS_SHOWN_MAX - problems.length));
    const address = row && addressOf(row, rules);
    if (address) badPolicies.add(policyKey(address));
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
        const result = read.problems.length > 0 ? { problems: read.problems } : changeFrom(read.row, rules);
        if ('problems' in result) {
          note(result.problems, read.row);
          break;
        }
        const earlier = duplicates.seen(result.change);
        if (earlier !== undefined && !earlier.same) note([contradiction(read.row, earlier.line)], read.row);
        else await take({ input: inputRowOf(read.row), ...(earlier && { duplicateOf: earlier.line }) });
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
  };
}

const contradiction = (row: Row, line: number): Problem => ({
  line: row.line,
  column: row.column,
  message: `line ${line} wishes something else for the same assignment`,
  remedy: 'keep the one that is meant',
});

async function* hashed(bytes: AsyncIterable<Uint8Array>, sha: Hash): AsyncGenerator<Uint8Array> {
  for await (const chunk of bytes) {
    sha.update(chunk);
    yield chunk;
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
      const change = changeOf(input, rules);
      if (badPolicies.has(policyKey(change.address))) continue;
      const earlier = duplicates.seen(change);
      yield { input, ...(earlier && { duplicateOf: earlier.line }) };
    }
  }
}

/** The change of a row that has been read without a problem. */
export function changeOf(input: InputRow, rules: ReadingRules): Change {
  const read = changeFrom(rowOf(input), rules);
  if ('problems' in read)
    throw new Error(`line ${input.line} does not read any more: ${read.problems[0]?.message}`);
  return read.change;
}
