import { fitInWords } from '../../app/schedule/fitInWords.ts';
import { revertInWords } from '../../app/runs/revertInWords.ts';
import type { RunStatus } from '../../runs/progress.ts';
import { timeInZone } from '../../runs/schedule/localTime.ts';

/** When a run that has not ended may be at work, and whether what is left of it fits. */
export function scheduleLines({
  schedule,
  finishedAt,
}: Pick<RunStatus, 'schedule' | 'finishedAt'>): [string, string][] {
  if (schedule === null || finishedAt !== null) return [];
  const { startAt, windows, timeZone, deadlineAt, fit } = schedule;
  const time = (iso: string): string => timeInZone(Date.parse(iso), timeZone);
  const when = [
    ...(startAt === null ? [] : [`from ${time(startAt)} on`]),
    ...(windows.length === 0 ? [] : [`within ${windows.join(', ')} (${timeZone})`]),
    ...(deadlineAt === null ? [] : [`until ${time(deadlineAt)}`]),
  ];
  const fits = fit === null ? undefined : fitInWords(fit, deadlineAt !== null);
  return [['may work', when.join(', ')], ...(fits === undefined ? [] : [['fits', fits] as [string, string]])];
}

/** When a run is taken back, whether it has ended or not. */
export const revertLines = ({ revert }: Pick<RunStatus, 'revert'>): [string, string][] =>
  revert === null ? [] : [['ends', revertInWords(revert)]];
