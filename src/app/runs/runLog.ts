import type { LivePlan } from '../plan/makePlan.ts';
import type { Staged } from '../draft/staged.ts';
import { hasEnded, type RunOptions } from '../../runs/run.ts';
import type { LogEntry } from '../../runs/runReader.ts';
import type { Context } from '../../cli/context.ts';
import type { Session } from '../services.ts';

/** Flags whose use belongs into the log of a run. */
interface LoggedFlags {
  readonly reason?: string;
  readonly allow?: readonly string[];
}

/** What belongs to an action besides its arguments. */
type LogDetails = NonNullable<LogEntry['details']>;

/** Writes into the log of a run who did what, why, and with which arguments. It outlives the run. */
export async function logRun(
  action: string,
  runId: string,
  { runs, identity }: Pick<Session, 'runs' | 'identity'>,
  { argv, redactor }: Pick<Context, 'argv' | 'redactor'>,
  { reason, allow }: LoggedFlags = {},
  details: LogDetails = {},
): Promise<void> {
  const entry: LogEntry = {
    at: Date.now(),
    operator: identity.operator,
    action,
    reason: reasonFrom(reason, redactor),
    details: {
      ...details,
      arguments: argv.map(redactor.redacted),
      ...(allow !== undefined && { allow }),
    },
  };
  await runs.tell(runId, entry);
}

/** What the log says of the plan that a run was made of: its fingerprint, and of a plan file when it was made. */
export const planTaken = (
  { saved }: Pick<Staged, 'saved'>,
  { fingerprint }: Pick<LivePlan, 'fingerprint'>,
): LogDetails => ({ ...(saved !== undefined && { planOf: saved.createdAt }), plan: fingerprint });

/** A reason as it is kept: null for none. */
export const reasonFrom = (reason: string | undefined, { redacted }: Context['redactor']): string | null =>
  redacted(reason?.trim() ?? '') || null;

/**
 * What a run keeps of texts that a person wrote on the command line. Secrets of `.env`, or read from files, are known only
 * when the command signs in, so this is done last.
 */
export const keptTexts = <T extends Pick<RunOptions, 'purpose' | 'justification'>>(
  options: T,
  redactor: Context['redactor'],
): T => ({
  ...options,
  purpose: reasonFrom(options.purpose ?? undefined, redactor),
  justification: reasonFrom(options.justification ?? undefined, redactor),
});

/** Writes into the log of every run of the tenant that has not ended. */
export async function logOpenRuns(
  action: string,
  session: Pick<Session, 'runs' | 'identity'>,
  context: Pick<Context, 'argv' | 'redactor'>,
  flags: LoggedFlags,
): Promise<void> {
  for (const run of await session.runs.runs())
    if (!hasEnded(run)) await logRun(action, run.runId, session, context, flags);
}
