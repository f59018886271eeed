import type { VNode } from 'preact';
import type { SeenRun } from '../../app/runs/overview.ts';

/** How urgent a run is to whoever looks at it at night. */
export type Tone = 'bad' | 'warn' | 'busy' | 'good' | 'quiet';

export function toneOf({ run, shown, health, isWatched }: SeenRun): Tone {
  if (isWatched && (health.kind === 'stopped' || health.kind === 'overdue' || health.kind === 'stalled'))
    return 'bad';
  if (run.state === 'running') return shown === 'running' ? 'busy' : 'warn';
  if (run.state === 'completed') return health.kind === 'failedRows' ? 'warn' : 'good';
  return 'quiet';
}

/** The state of a run as `status` calls it. */
export const StateBadge = ({ seen }: { readonly seen: SeenRun }): VNode => (
  <span class={`badge tone-${toneOf(seen)}`}>{seen.shown}</span>
);
