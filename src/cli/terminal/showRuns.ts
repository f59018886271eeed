import { revertInWords } from '../../app/runs/revertInWords.ts';
import { stateShown } from '../../app/runs/stateShown.ts';
import { count, shortened } from '../../app/words.ts';
import { visible } from '../../assignments/values/visible.ts';
import type { RunStatus } from '../../runs/progress.ts';
import { ROW_STATUSES, type RowStatus } from '../../runs/rowState.ts';
import type { Stop } from '../../runs/runReader.ts';
import type { Printer } from './print.ts';

/** Of a status that takes too much room in a table. */
const HEADINGS: { readonly [status in RowStatus]?: string } = { awaitingApproval: 'APPROVAL' };
/** A reason may have any length. */
const WHY_CHARS_MAX = 40;

export const RUN_HEADINGS: readonly string[] = [
  ...['RUN', 'STATE', 'STARTED', 'WHO', 'TOTAL'],
  ...ROW_STATUSES.map((status) => HEADINGS[status] ?? status.toUpperCase()),
  ...['FILE', 'WHY'],
];

/** One line of the table of all runs. */
export const runCells = (run: RunStatus, stop?: Stop): readonly string[] => [
  ...[run.runId, stateShown(run, stop), minuteOf(run.startedAt), run.operator, String(run.total)],
  ...ROW_STATUSES.map((status) => String(run[status])),
  ...[run.source.name, shortened(run.purpose ?? '', WHY_CHARS_MAX)],
];

/** Below several runs: each column in all. */
export const sumCells = (runs: readonly RunStatus[]): readonly string[] => {
  const sumOf = (each: 'total' | RowStatus): string => String(runs.reduce((sum, run) => sum + run[each], 0));
  return [count(runs.length, 'run'), '', '', '', sumOf('total'), ...ROW_STATUSES.map(sumOf), '', ''];
};

/** `2026-11-28 22:00`, UTC as all times of the table's data. */
const minuteOf = (at: string | null): string => at?.slice(0, 16).replace('T', ' ') ?? '';

/** The table of the runs of a tenant. */
export function showRuns(
  runs: readonly RunStatus[],
  stop: Stop | undefined,
  tenant: string,
  print: Printer,
): void {
  if (runs.length === 0) {
    print.say(
      `Tenant ${tenant} has no runs yet. Start one with \`retarget apply <file>\`; another tenant needs --tenant or its sign-in.`,
    );
    return;
  }
  print.table(RUN_HEADINGS, [
    ...runs.map((run) => runCells(run, stop)),
    ...(runs.length > 1 ? [sumCells(runs)] : []),
  ]);
  for (const { runId, reasonText, finishedAt, revert } of runs) {
    if (reasonText !== null && finishedAt === null) print.say(visible(`${runId}: ${reasonText}`));
    if (revert !== null) print.say(visible(`${runId}: ${revertInWords(revert)}`));
  }
}
