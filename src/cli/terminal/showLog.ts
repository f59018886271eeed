import { detailsInWords } from '../../app/runs/logInWords.ts';
import { shortened } from '../../app/words.ts';
import type { LogEntry } from '../../runs/runReader.ts';
import type { Printer } from './print.ts';

/** A command line may have any length; --json has all of it. */
const DETAILS_CHARS_MAX = 500;

/** @param isOfTenant each entry says which run it is about */
export function showLog(entries: readonly LogEntry[], isOfTenant: boolean, print: Printer): void {
  const headings = ['TIME', ...(isOfTenant ? ['RUN'] : []), 'WHO', 'WHAT', 'REASON', 'DETAILS'];
  const rows = entries.map((entry) => {
    const { at, run = '', operator, action, reason } = entry;
    return [
      new Date(at).toISOString(),
      ...(isOfTenant ? [run] : []),
      ...[operator, action, reason ?? ''],
      shortened(detailsInWords(entry), DETAILS_CHARS_MAX),
    ];
  });
  print.table(headings, rows, { wrapsLast: true });
}

export const logEntryJson = ({ at, run, operator, action, reason = null, details = {} }: LogEntry) => ({
  at: new Date(at).toISOString(),
  ...(run !== undefined && { run }),
  ...{ operator, action, reason, details },
});
