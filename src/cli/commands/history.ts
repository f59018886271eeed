import type { SharedFlags } from '../../config.ts';
import { EXIT } from '../../errors.ts';
import { HistoryAsked } from '../../app/history/asked.ts';
import { historyOf } from '../../app/history/history.ts';
import { besides } from '../../app/history/besides.ts';
import { identify } from '../../app/identity.ts';
import { momentFrom } from '../../app/schedule/momentFrom.ts';
import { openServices } from '../../app/services.ts';
import { writeRows } from '../../formats/writeRows.ts';
import type { CliCommand } from '../context.ts';
import { sharedOptions } from '../sharedFlags.ts';
import { outputFormat, outputOptions, writeOutput, type OutputFlags } from '../terminal/output.ts';
import {
  NewestEntries,
  HISTORY_COLUMNS,
  historyJson,
  historyRecords,
  showHistory,
  showMissing,
} from '../terminal/showHistory.ts';

interface HistoryFlags extends SharedFlags, OutputFlags {
  readonly since?: string;
  readonly until?: string;
  readonly offline?: boolean;
  readonly json?: boolean;
}

export const history: CliCommand<HistoryFlags> = {
  options: (command) =>
    void outputOptions(
      sharedOptions(command)
        .option('--since <time>', 'only what was done from this time on, as 2026-11-01T22:00 or 7d')
        .option('--until <time>', 'only what was done until then')
        .option(
          '--offline',
          'from the record alone: Graph is asked neither what is there now nor what others did',
        )
        .option('--json', 'print JSON'),
    ),
  async run([text], flags, context) {
    const { output } = flags;
    const isFile = output !== undefined || flags.format !== undefined;
    const format = isFile ? outputFormat(flags) : 'csv';
    await using services = await openServices(identify(flags, context), context);
    const now = await services.runs.now();
    const asked = new HistoryAsked(text);
    const terms = {
      asked,
      since: flags.since === undefined ? 0 : momentFrom('--since', flags.since, now),
      until: flags.until === undefined ? now : momentFrom('--until', flags.until, now),
    };
    const found = await historyOf(terms, services);
    const gathered = new NewestEntries();
    for await (const entry of found.entries()) if (!gathered.add(entry)) break;
    const { entries } = gathered;
    const around = await besides(terms, entries, flags.offline === true, services, now);
    const isWhole = flags.since === undefined && flags.until === undefined && !gathered.isFull;
    const shown = { ...found, gathered, around, asked, isWhole };
    if (isFile || (context.stdout.isTTY !== true && !flags.json)) {
      await writeOutput(writeRows(format, HISTORY_COLUMNS, historyRecords(shown)), output, context);
      if (output === undefined) {
        showMissing(shown, context.print);
        return EXIT.done;
      }
    }
    if (flags.json) context.print.json(historyJson(shown));
    else showHistory(shown, services.identity, context.print, output);
    return EXIT.done;
  },
};
