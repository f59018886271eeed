import type { RevertStatus } from '../../runs/progress.ts';
import type { RunOptions } from '../../runs/run.ts';
import { timeInZone } from '../../runs/schedule/localTime.ts';

/** What keeps a run from being taken back without anybody. */
export interface Approvals {
  /** Kinds of which a second administrator approves each change in this tenant. */
  readonly approvalFor: readonly unknown[];
  /** A run of this tenant has to be approved before it is at work; left out: it need not. */
  readonly isApprovalRequired?: boolean;
}

/** Whether a run that is to be taken back ends without anybody: what takes it back needs the same approvals as the run itself. */
export const endsByItself = ({ approvalFor, isApprovalRequired = false }: Approvals): boolean =>
  approvalFor.length === 0 && !isApprovalRequired;

/** What is said before a run begins; undefined when nothing takes it back. */
export function revertAhead(
  { revertAt, timeZone }: Pick<RunOptions, 'revertAt' | 'timeZone'>,
  approvals: Approvals,
): string | undefined {
  if (revertAt === null) return undefined;
  const time = timeInZone(revertAt, timeZone);
  return endsByItself(approvals)
    ? `It is taken back at ${time} by whichever worker is there then, whatever its windows.`
    : `This will not end by itself: at ${time} a run is made that takes it back, and somebody has to approve that, too.`;
}

/** `to be taken back Sun 2026-12-06 22:00 (Europe/Berlin)`, or what became of that. */
export function revertInWords({ at, timeZone, isDue, doneAt, run, trouble }: RevertStatus): string {
  const time = timeInZone(Date.parse(doneAt ?? at), timeZone);
  if (doneAt !== null)
    return run === null
      ? `taken back ${time}: there was nothing to take back`
      : `run ${run} takes it back, made ${time}`;
  if (!isDue) return `to be taken back ${time}`;
  return `was to be taken back ${time}, and is not${trouble === null ? '' : `: ${trouble}`}`;
}
