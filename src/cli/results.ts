import { createWriteStream } from 'node:fs';
import { resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { closestTo } from '../assignments/closest.ts';
import { INPUT_COLUMNS, RESULT_COLUMNS } from '../assignments/columns.ts';
import type { SharedFlags } from '../config.ts';
import { EXIT, UserError } from '../errors.ts';
import { FILE_FORMATS, formatOf, type FileFormat } from '../formats/format.ts';
import { writeRows } from '../formats/writeRows.ts';
import { ROW_STATUSES, statusOf, type RowStatus } from '../runs/rowState.ts';
import type { Run } from '../runs/run.ts';
import type { RecordedRow } from '../runs/batchRow.ts';
import type { RunStore } from '../runs/runStore.ts';
import type { CliCommand, Context } from './context.ts';
import { findRun } from './findRun.ts';
import { count } from './print.ts';
import { identify, sharedOptions } from './identity.ts';
import { openSession } from './session.ts';

interface ResultsFlags extends SharedFlags {
  readonly only?: string;
  readonly format?: string;
  readonly output?: string;
}

export const results: CliCommand<ResultsFlags> = {
  options: (command) =>
    sharedOptions(command)
      .option('--only <statuses>', `only rows with one of these, by comma: ${ROW_STATUSES.join(', ')}`)
      .option('--format <format>', 'csv, json or ndjson')
      .option('-o, --output <file>', 'write to a file; its extension decides the format'),
  async run([name = ''], flags, context) {
    const only = flags.only === undefined ? undefined : statusesFrom(flags.only);
    const format = formatFrom(flags);
    await using session = await openSession(identify(flags, context), context);
    const { tenant } = session.identity;
    const run = await findRun(name, session.runs, tenant, context);
    const columns = [...(format === 'csv' ? [] : ['row']), ...inputColumns(run), ...RESULT_COLUMNS];
    const written = { rows: 0 };
    const text = writeRows(format, columns, resultRows(run, session.runs, only, written, context));
    if (flags.output === undefined) {
      await toStdout(text, context);
    } else {
      await toFile(resolve(context.cwd, flags.output), text);
      context.print.say(
        `Wrote ${count(written.rows, 'row')} of ${run.total.toLocaleString('en-US')} to ${flags.output}.`,
      );
    }
    return EXIT.done;
  },
};

/** JSON input names its columns row by row, so a row may have some that the first ones had not. */
const inputColumns = (run: Run): readonly string[] =>
  run.columns.length > 0 ? run.columns : [...INPUT_COLUMNS];

async function* resultRows(
  run: Run,
  runs: RunStore,
  only: ReadonlySet<RowStatus> | undefined,
  written: { rows: number },
  { interrupted }: Context,
): AsyncGenerator<Record<string, unknown>> {
  for await (const row of runs.rows(run)) {
    interrupted.throwIfAborted();
    const status = statusOf(row.state, run.state === 'cancelled');
    if (only !== undefined && !only.has(status)) continue;
    written.rows += 1;
    yield resultRow(row, status);
  }
}

function resultRow({ input, attempts, detail }: RecordedRow, status: RowStatus): Record<string, unknown> {
  const isOpen = status === 'pending';
  return {
    row: input.line,
    ...Object.fromEntries(input.cells),
    status,
    httpStatus: detail.httpStatus,
    errorCode: detail.errorCode,
    errorMessage: detail.errorMessage,
    attempts,
    throttledMs: detail.throttledMs ?? 0,
    requestId: detail.requestId,
    clientRequestId: detail.clientRequestId,
    finishedAt: isOpen || detail.at === undefined ? null : new Date(detail.at).toISOString(),
  };
}

async function toStdout(text: AsyncIterable<string>, { print }: Context): Promise<void> {
  for await (const piece of text) await print.dataText(piece);
}

/** Readable by its owner only: ids and names of a tenant are nobody else's business. */
async function toFile(path: string, text: AsyncIterable<string>): Promise<void> {
  try {
    await pipeline(text, createWriteStream(path, { mode: 0o600 }));
  } catch (error) {
    const call = error instanceof Error && 'syscall' in error ? error.syscall : undefined;
    // What else can fail here is the reading of the record.
    if (!(error instanceof Error) || (call !== 'open' && call !== 'write')) throw error;
    throw new UserError(`Cannot write ${path}: ${error.message}.`, {
      remedy: 'Give -o the path of a file in a directory that you can write to, with room for it.',
      exitCode: call === 'open' ? EXIT.badInput : EXIT.environment,
      cause: error,
    });
  }
}

function statusesFrom(text: string): Set<RowStatus> {
  return new Set(
    text.split(',').map((part) => {
      const found = ROW_STATUSES.find((status) => status.toLowerCase() === part.trim().toLowerCase());
      if (found !== undefined) return found;
      const guess = closestTo(part, ROW_STATUSES);
      throw new UserError(`"${part.trim()}" is no status.`, {
        remedy: `${guess ? `Did you mean ${guess}? ` : ''}Write --only with some of: ${ROW_STATUSES.join(', ')}.`,
        exitCode: EXIT.badInput,
      });
    }),
  );
}

function formatFrom({ format, output }: ResultsFlags): FileFormat {
  const ofFile = output === undefined ? undefined : formatOf(output);
  if (format === undefined) {
    if (output === undefined) return 'csv';
    if (ofFile !== undefined) return ofFile;
    throw new UserError(`The extension of ${output} names no format.`, {
      remedy: 'Let it end in .csv, .json, .ndjson or .jsonl, or add --format.',
      exitCode: EXIT.badInput,
    });
  }
  const named = FILE_FORMATS.find((known) => known === format.toLowerCase());
  if (named !== undefined) return named;
  const guess = closestTo(format, FILE_FORMATS);
  throw new UserError(`"${format}" is no format of results.`, {
    remedy: `${guess ? `Did you mean ${guess}? ` : ''}Write one of: ${FILE_FORMATS.join(', ')}.`,
    exitCode: EXIT.badInput,
  });
}
