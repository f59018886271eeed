import { hasEnded, type RunOptions } from '../../runs/run.ts';
import type { LogEntry } from '../../runs/runReader.ts';
import type { Host } from '../host.ts';
import type { Services } from '../services.ts';

/** What somebody said with what he did. */
export interface Said {
  readonly reason?: string;
  readonly allow?: readonly string[];
}

type Logging = Pick<Services, 'runs' | 'identity' | 'argv' | 'redactor'>;

/** What belongs to an action besides its arguments. */
export type LogDetails = NonNullable<LogEntry['details']>;

/** Writes into the log of a run who did what, why, and with which arguments. It outlives the run. */
export async function logRun(
  action: string,
  runId: string,
  services: Logging,
  said: Said = {},
  details: LogDetails = {},
): Promise<void> {
  await services.runs.tell(runId, entryOf(action, services, said, details));
}

function entryOf(
  action: string,
  { identity, argv, redactor }: Logging,
  { reason, allow }: Said,
  details: LogDetails = {},
): LogEntry {
  return {
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
}

/** A reason as it is kept: null for none. */
export const reasonFrom = (reason: string | undefined, { redacted }: Host['redactor']): string | null =>
  redacted(reason?.trim() ?? '') || null;

/**
 * What a run keeps of texts that a person wrote on the command line. Secrets of `.env`, or read from files, are known only
 * when the command signs in, so this is done last.
 */
export const keptTexts = <T extends Pick<RunOptions, 'purpose' | 'justification'>>(
  options: T,
  redactor: Host['redactor'],
): T => ({
  ...options,
  purpose: reasonFrom(options.purpose ?? undefined, redactor),
  justification: reasonFrom(options.justification ?? undefined, redactor),
});

/** Writes into the log of the tenant, and of every run of it that has not ended. */
export async function logTenant(action: string, services: Logging, said: Said): Promise<void> {
  const open = (await services.runs.runs()).filter((run) => !hasEnded(run));
  await services.runs.tellAll(
    open.map(({ runId }) => runId),
    entryOf(action, services, said),
  );
}
