import { identify } from '../../app/identity.ts';
import { findOurRun } from '../../app/runs/findRun.ts';
import { resultsOf } from '../../app/runs/results.ts';
import { selectorFrom } from '../../app/runs/selection.ts';
import { openServices } from '../../app/services.ts';
import { count } from '../../app/words.ts';
import type { SharedFlags } from '../../config.ts';
import { EXIT } from '../../errors.ts';
import { writeRows } from '../../formats/writeRows.ts';
import { ROW_STATUSES, type RowStatus } from '../../runs/rowState.ts';
import type { Run } from '../../runs/run.ts';
import type { CliCommand } from '../context.ts';
import { someOf } from '../flags.ts';
import { selectionOptions, type SelectionFlags } from '../selectionFlags.ts';
import { sharedOptions } from '../sharedFlags.ts';
import { outputFormat, outputOptions, writeOutput, type OutputFlags } from '../terminal/output.ts';
import { shortFingerprint } from '../terminal/planSummary.ts';
import { showResults } from '../terminal/showResults.ts';

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
    const { only, rows, output } = flags;
    const where = selectorFrom(flags.where);
    const format = outputFormat(flags);
    await using services = await openServices(identify(flags, context), context);
    const run = await findOurRun(name, services);
    const found = await resultsOf(run, { where, rows, only }, services);
    if (output === undefined && flags.format === undefined && context.stdout.isTTY === true) {
      await showResults(found, context.print, services.identity.hint(`results ${run.runId} -o results.csv`));
      return EXIT.done;
    }
    const { each, total: written } = counted(found.rows());
    const columns = [...(format === 'csv' ? [] : ['row']), ...found.columns];
    await writeOutput(writeRows(format, columns, each), output, context);
    if (output !== undefined) {
      const total = run.total.toLocaleString('en-US');
      context.print.say(`Wrote ${count(written(), 'row')} of ${total} to ${output}${ofPlan(run)}.`);
    }
    return EXIT.done;
  },
};

function counted<T>(each: AsyncIterable<T>): { each: AsyncGenerator<T>; total(): number } {
  let total = 0;
  async function* counting(): AsyncGenerator<T> {
    for await (const one of each) {
      total += 1;
      yield one;
    }
  }
  return { each: counting(), total: () => total };
}

const ofPlan = ({ planFingerprint }: Run): string =>
  planFingerprint === null ? '' : `, as plan ${shortFingerprint(planFingerprint)} wanted`;
