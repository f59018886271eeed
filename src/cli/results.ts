import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { closestTo } from '../assignments/closest.ts';
import { INPUT_COLUMNS, RESULT_COLUMNS } from '../assignments/columns.ts';
import type { SharedFlags } from '../config.ts';
import { EXIT, UserError } from '../errors.ts';
import { FILE_FORMATS, formatOf, type FileFormat } from '../formats/format.ts';
import { writeRows } from '../formats/writeRows.ts';
import { ROW_STATUSES, statusOf, type RowStatus } from '../runs/rowState.ts';
import type { Run } from '../runs/run.ts';
import type { RecordedRow, RunStore } from '../runs/runStore.ts';
import type { CliCommand, Context } from './context.ts';
import { findRun } from './findRun.ts';
import { count } from './print.ts';
import { identify, openSession, sharedOptions } from './session.ts';

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
    const identity = await identify(flags, context);
    await using session = await openSession(identity, context);
    const run = await findRun(name, session.runs, identity.tenant, context);
    const columns = [...(format === 'csv' ? [] : ['row']), ...inputColumns(run), ...RESULT_COLUMNS];
    const text = writeRows(format, columns, resultRows(run, session.runs, only));
    await (flags.output === undefined ? toStdout(text, context) : toFile(flags.output, text));
    if (flags.output !== undefined)
      context.print.say(`Wrote ${flags.output}: ${count(run.total, 'row')} in the run.`);
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
): AsyncGenerator<Record<string, unknown>> {
  for await (const row of runs.rows(run)) {
    const status = statusOf(row.state, run.state === 'cancelled');
    if (only === undefined || only.has(status)) yield resultRow(row, status);
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
  const file = createWriteStream(path, { mode: 0o600 });
  try {
    await once(file, 'open');
  } catch (error) {
    throw new UserError(`Cannot write ${path}: ${error instanceof Error ? error.message : String(error)}.`, {
      remedy: 'Give -o the path of a file in a directory that you can write to.',
      exitCode: EXIT.badInput,
    });
  }
  for await (const piece of text) if (!file.write(piece)) await once(file, 'drain');
  file.end();
  await finished(file);
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
  throw new UserError(`"${format}" is no format of results.`, {
    remedy: `Write one of: ${FILE_FORMATS.join(', ')}.`,
    exitCode: EXIT.badInput,
  });
}
