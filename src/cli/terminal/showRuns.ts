import { visible } from '../../assignments/values/visible.ts';
import type { RunStatus } from '../../runs/progress.ts';
import { ROW_STATUSES, type RowStatus } from '../../runs/rowState.ts';
import type { Stop } from '../../runs/runReader.ts';
import type { Printer } from './print.ts';

/** A run that is at work, of a tenant that is stopped, does nothing. */
export const stateShown = ({ state }: RunStatus, stop: Stop | undefined): string =>
  stop !== undefined && (state === 'running' || state === 'queued') ? 'stopped' : state;

/** Of a status that takes too much room in a table. */
const HEADINGS: { readonly [status in RowStatus]?: string } = { awaitingApproval: 'APPROVAL' };

export const RUN_HEADINGS: readonly string[] = [
  ...['RUN', 'STATE', 'TOTAL'],
  ...ROW_STATUSES.map((status) => HEADINGS[status] ?? status.toUpperCase()),
  'FILE',
];

/** One line of the table of all runs. */
export const runCells = (run: RunStatus, stop?: Stop): readonly string[] => [
  ...[run.runId, stateShown(run, stop), String(run.total)],
  ...ROW_STATUSES.map((status) => String(run[status])),
  run.source.name,
];

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
  print.table(
    RUN_HEADINGS,
    runs.map((run) => runCells(run, stop)),
  );
  for (const { runId, reasonText, finishedAt } of runs) {
    if (reasonText !== null && finishedAt === null) print.say(visible(`${runId}: ${reasonText}`));
  }
}
