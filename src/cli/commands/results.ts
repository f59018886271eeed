import { INPUT_COLUMNS, RESULT_COLUMNS } from '../../assignments/rows/columns.ts';
import type { SharedFlags } from '../../config.ts';
import { EXIT } from '../../errors.ts';
import { writeRows } from '../../formats/writeRows.ts';
import type { RecordedRow } from '../../runs/batchRow.ts';
import { ROW_STATUSES, type RowStatus } from '../../runs/rowState.ts';
import type { Run } from '../../runs/run.ts';
import type { RunStore } from '../../runs/runStore.ts';
import type { CliCommand, Context } from '../context.ts';
import { someOf } from '../flags.ts';
import { findOurRun } from '../../app/runs/findRun.ts';
import { outputFormat, outputOptions, writeOutput, type OutputFlags } from '../terminal/output.ts';
import { identify, sharedOptions } from '../../app/identity.ts';
import { resultRow, rowsMeant, type ResultRow } from '../../app/runs/resultRow.ts';
import { selectionOptions, selectorFrom, type SelectionFlags } from '../../app/runs/selection.ts';
import { shortFingerprint } from '../terminal/showPlan.ts';
import { openSession } from '../../app/services.ts';
import { count } from '../../app/words.ts';

interface ResultsFlags extends SharedFlags, OutputFlags, SelectionFlags {
  readonly only?: ReadonlySet<RowStatus>;
}

export const results: CliCommand<ResultsFlags> = {
  options: (command) =>
    outputOptions(
      selectionOptions(
        sharedOptions(command).addOption(
          someOf('--only <statuses>', 'only rows with one of these, by comma', ROW_STATUSES),
        ),
      ),
    ),
  async run([name = ''], flags, context) {
    const { only } = flags;
    const where = selectorFrom(flags.where);
    const format = outputFormat(flags);
    await using session = await openSession(identify(flags, context), context);
    const { tenant } = session.identity;
    const run = await findOurRun(name, session.runs, tenant, context);
    const isMeant = await rowsMeant(where, flags.rows, run, context);
    const columns = [...(format === 'csv' ? [] : ['row']), ...inputColumns(run), ...RESULT_COLUMNS];
    const taken = { rows: 0 };
    const isTaken = (row: ResultRow, recorded: RecordedRow): boolean =>
      (only?.has(row.status) ?? true) && isMeant(recorded, row);
    const rows = resultRows(run, session.runs, isTaken, taken, context);
    await writeOutput(writeRows(format, columns, rows), flags.output, context);
    if (flags.output !== undefined) {
      context.print.say(
        `Wrote ${count(taken.rows, 'row')} of ${run.total.toLocaleString('en-US')} to ${flags.output}${ofPlan(run)}.`,
      );
    }
    return EXIT.done;
  },
};

const ofPlan = ({ planFingerprint }: Run): string =>
  planFingerprint === null ? '' : `, as plan ${shortFingerprint(planFingerprint)} wanted`;

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
