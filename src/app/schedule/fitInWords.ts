import type { Fit } from '../../runs/schedule/fit.ts';
import { count, duration } from '../words.ts';

/**
 * `3,120 writes need about 10 min 24 s; the window holds 126,000`; undefined when nothing closes.
 * @param hasDeadline whether the run has one, before which no window may open
 */
export function fitInWords(
  { writes, seconds, opensAt, holds, moreWindows, left }: Fit,
  hasDeadline: boolean,
): string | undefined {
  if (opensAt === null && writes > 0)
    return `It does not fit: no window opens ${hasDeadline ? 'before its deadline' : 'in the next two weeks'}`;
  if (holds === null || writes === 0) return undefined;
  const needs = `${count(writes, 'write')} ${writes === 1 ? 'needs' : 'need'} ${seconds < 1 ? 'no time' : `about ${duration(seconds)}`}; the window holds ${holds.toLocaleString('en-US')}`;
  if (moreWindows === 0) return needs;
  if (moreWindows !== null) return `${needs}. It does not fit: about ${count(moreWindows, 'more night')}`;
  return `${needs}. It does not fit: about ${count(left, 'write')} will be left`;
}
