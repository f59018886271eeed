import type { VNode } from 'preact';
import type { SeenRun } from '../../app/runs/overview.ts';

/** How urgent a run is to whoever looks at it at night. */
export type Tone = 'bad' | 'warn' | 'busy' | 'good' | 'quiet';

export function toneOf(seen: SeenRun): Tone {
  const { run, shown, health, isWatched } = seen;
  if (isWatched && (health.kind === 'stopped' || health.kind === 'overdue' || health.kind === 'stalled'))
    return 'bad';
  if (awaitsYes(seen)) return 'warn';
  if (run.state === 'running') return shown === 'running' ? 'busy' : 'warn';
  if (run.state === 'completed') return health.kind === 'failedRows' ? 'warn' : 'good';
  return 'quiet';
}

/** It waits for somebody's yes. */
const awaitsYes = ({ run, status }: SeenRun): boolean =>
  run.state === 'queued' && status.reason === 'approval';

/**
 * It does not go on without somebody, or has ended with rows that did not come through. What is at work goes on with failed rows; when it
 * has ended somebody has to look at them.
 */
export function needsSomebody(seen: SeenRun): boolean {
  const { run, health, isWatched } = seen;
  if (!isWatched) return false;
  if (awaitsYes(seen)) return true;
  return health.kind === 'failedRows' ? run.finishedAt !== null : health.kind !== 'fine';
}

/** The state of a run as `status` calls it. */
export const StateBadge = ({ seen }: { readonly seen: SeenRun }): VNode => (
  <span class={`badge tone-${toneOf(seen)}`}>{seen.shown}</span>
);
