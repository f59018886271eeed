import { clockTime } from '../words.ts';
import type { RunStatus } from '../../runs/progress.ts';

/**
 * What keeps a run that is queued or at work, in a few words: `no worker since 00:42`. Undefined where nothing does, or what does is told
 * otherwise: that the tenant is stopped or throttled, and what a run that rests is kept by.
 */
export function keptInShort({
  state,
  reason,
  reasonSince,
  waitsFor,
}: Pick<RunStatus, 'state' | 'reason' | 'reasonSince' | 'waitsFor'>): string | undefined {
  if (state !== 'running' && state !== 'queued') return undefined;
  const since = reasonSince === null ? '' : ` since ${clockTime(Date.parse(reasonSince))}`;
  switch (reason) {
    case 'noWorker':
      return `no worker${since}`;
    case 'graphAway':
      return `Graph out of reach${since}`;
    case 'noProgress':
      return `no progress${since}`;
    case 'lateWrites':
      return 'waits for late writes';
    case 'inLine':
      return waitsFor !== null && 'run' in waitsFor ? `waits for run ${waitsFor.run}` : 'waits in line';
    case 'time':
      return `waits for ${timeIn(waitsFor) ?? 'its time'}`;
    case 'window':
      return ['outside its window', timeIn(waitsFor)].filter(Boolean).join(' until ');
    case 'deadline':
      return `past its deadline${since}`;
    case 'otherVersion':
      return 'of another version';
    case 'otherGraph':
      return 'for another Graph';
    default:
      return undefined;
  }
}

const timeIn = (waitsFor: RunStatus['waitsFor']): string | undefined =>
  waitsFor !== null && 'until' in waitsFor ? clockTime(Date.parse(waitsFor.until)) : undefined;
