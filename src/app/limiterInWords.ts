import type { LimiterChange } from '../events.ts';
import type { BackoffReason } from '../runs/permit.ts';

/** Why nothing is sent for now, before how long; null: nobody has said. */
export function backoffInWords(reason: BackoffReason | null): string {
  switch (reason) {
    case 'throttled':
      return 'throttled';
    case 'restarted':
      return 'Redis has restarted or its clock has jumped';
    case null:
      return 'held';
  }
}

/** A change of the limiter as the log says it. */
export function limiterInWords(change: LimiterChange): string {
  switch (change.kind) {
    case 'cut':
      return `Budget cut from ${change.from} to ${change.to} writes a window: that is what the tenant took.`;
    case 'halved':
      return `Budget cut from ${change.from} to ${change.to} writes a window: the tenant refused some, and what it takes is not known yet.`;
    case 'probe':
      return `Budget tried at ${change.to} writes a window, up from ${change.from}.`;
    case 'full':
      return `Redis has restarted or its clock has jumped: nothing is sent for ${seconds(change.waitMs)}, as nobody knows what still counts.`;
    case 'backoff':
      return `Throttled: nothing is sent for ${seconds(change.waitMs)}.`;
  }
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
