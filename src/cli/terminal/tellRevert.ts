import { asksApprovalOfUndo } from '../../app/runs/approvalRule.ts';
import { revertAhead, type Approvals } from '../../app/runs/revertInWords.ts';
import type { Services } from '../../app/services.ts';
import type { RunOptions } from '../../runs/run.ts';
import type { Printer } from './print.ts';

/** Tells before a run begins when it is taken back, and what that needs. */
export async function tellRevert(
  options: Pick<RunOptions, 'revertAt' | 'timeZone'>,
  { approvalFor }: Pick<Approvals, 'approvalFor'>,
  services: Pick<Services, 'identity' | 'runs'>,
  print: Printer,
): Promise<void> {
  if (options.revertAt === null) return;
  const { identity } = services;
  const isApprovalRequired = await asksApprovalOfUndo(services);
  const words = revertAhead(options, { approvalFor, isApprovalRequired });
  if (words === undefined) return;
  print.say(words);
  print.say(
    `Keep a \`${identity.hint('worker')}\` for that time; \`${identity.hint('status --check')}\` fails when it is overdue.`,
  );
}
