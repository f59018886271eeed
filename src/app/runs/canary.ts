import type { Run } from '../../runs/run.ts';
import type { Services } from '../services.ts';
import { logRun } from './runLog.ts';

/** What a canary has shown, when it is written and read back. */
export interface CanaryResult {
  readonly succeeded: number;
  /** Rows of it that did not come through, as far as anybody knows. */
  readonly notAsDesired: number;
  /** Rows that wait for a yes. */
  readonly left: number;
}

/** Undefined for a run that does not rest because its canary is through. */
export function canaryResult({ state, reason, counts }: Run): CanaryResult | undefined {
  if (state !== 'paused' || reason !== 'canary') return undefined;
  const { succeeded, failed, stale, awaitingApproval, unsure, pending } = counts;
  return { succeeded, notAsDesired: failed + stale + awaitingApproval + unsure, left: pending };
}

/** Keeps in the log what was said to a canary, and lets its run go on if that was a yes. */
export async function answerCanary(
  run: Run,
  goesOn: boolean,
  { succeeded, notAsDesired }: CanaryResult,
  services: Services,
): Promise<void> {
  await logRun('canary', run.runId, services, {}, { goesOn, succeeded, notAsDesired });
  if (!goesOn) return;
  await services.runs.transition(run.runId, { to: 'queued', from: ['paused'], ifMoves: run.moves });
  await services.producer.topUp();
}
