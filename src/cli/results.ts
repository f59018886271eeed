import { closestTo } from '../assignments/values/closest.ts';
import { INPUT_COLUMNS, RESULT_COLUMNS } from '../assignments/rows/columns.ts';
import type { SharedFlags } from '../config.ts';
import { EXIT, UserError } from '../errors.ts';
import { writeRows } from '../formats/writeRows.ts';
import type { RecordedRow } from '../runs/batchRow.ts';
import { ROW_STATUSES, type RowStatus } from '../runs/rowState.ts';
import type { Run } from '../runs/run.ts';
import type { RunStore } from '../runs/runStore.ts';
import type { CliCommand, Context } from './context.ts';
import { findOurRun } from './findRun.ts';
import { outputFormat, writeOutput, type OutputFlags } from './output.ts';
import { count } from './print.ts';
import { identify, sharedOptions } from './identity.ts';
import { resultRow, rowsMeant, type ResultRow } from './resultRow.ts';
import { selectionOptions, selectorFrom, type SelectionFlags } from './selection.ts';
import { openSession } from './session.ts';

interface ResultsFlags extends SharedFlags, OutputFlags, SelectionFlags {
  readonly only?: string;
}

export const results: CliCommand<ResultsFlags> = {
  options: (command) =>
    selectionOptions(
      sharedOptions(command).option(
        '--only <statuses>',
        `only rows with one of these, by comma: ${ROW_STATUSES.join(', ')}`,
      ),
    )
      .option('--format <format>', 'csv, json or ndjson')
      .option('-o, --output <file>', 'write to a file; its extension decides the format'),
  async run([name = ''], flags, context) {
    const only = new Set(flags.only === undefined ? ROW_STATUSES : statusesFrom(flags.only));
    const where = selectorFrom(flags.where);
    const format = outputFormat(flags);
    await using session = await openSession(identify(flags, context), context);
    const { tenant } = session.identity;
    const run = await findOurRun(name, session.runs, tenant, context);
    const isMeant = await rowsMeant(where, flags.rows, run, context);
    const columns = [...(format === 'csv' ? [] : ['row']), ...inputColumns(run), ...RESULT_COLUMNS];
    const taken = { rows: 0 };
    const isTaken = (row: ResultRow, recorded: RecordedRow): boolean =>
      only.has(row.status) && isMeant(recorded, row);
    const rows = resultRows(run, session.runs, isTaken, taken, context);
    await writeOutput(writeRows(format, columns, rows), flags.output, context);
    if (flags.output !== undefined) {
      context.print.say(
        `Wrote ${count(taken.rows, 'row')} of ${run.total.toLocaleString('en-US')} to ${flags.output}.`,
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
  isTaken: (row: ResultRow, recorded: RecordedRow) => boolean,
  taken: { rows: number },
  { interrupted }: Context,
): AsyncGenerator<ResultRow> {
  for await (const recorded of runs.rows(run, 'before')) {
    interrupted.throwIfAborted();
    const row = resultRow(recorded, run);
    if (!isTaken(row, recorded)) continue;
    taken.rows += 1;
    yield row;
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
