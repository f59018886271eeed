import { revertAhead, type Approvals } from '../../app/runs/revertInWords.ts';
import type { Services } from '../../app/services.ts';
import type { RunOptions } from '../../runs/run.ts';
import type { Printer } from './print.ts';

/** Tells before a run begins when it is taken back, and what that needs. */
export function tellRevert(
  options: Pick<RunOptions, 'revertAt' | 'timeZone'>,
  approvals: Approvals,
  { identity }: Pick<Services, 'identity'>,
  print: Printer,
): void {
  const words = revertAhead(options, approvals);
  if (words === undefined) return;
  print.say(words);
  print.say(
    `Keep a \`${identity.hint('worker')}\` for that time; \`${identity.hint('status --check')}\` fails when it is overdue.`,
  );
}
