import { setTimeout as sleep } from 'node:timers/promises';
import type { Services } from '../services.ts';

/**
 * Waits until no write can be applied to these lists any more that is under way or got no reply; `lateWrites` tells of the wait. Answers the lists that were waited for. What lands
 * on a list after it was read for a rollback would be left, as nobody looks again.
 */
export async function untilLanded(
  paths: readonly string[],
  { runs, identity, events, interrupted: signal }: Services,
): Promise<ReadonlySet<string>> {
  const waitedFor = new Set<string>();
  for (;;) {
    const landing = await runs.landings(identity.config.graphUrl, paths);
    if (landing.size === 0) return waitedFor;
    const waitMs = Math.max(...landing.values());
    if (waitedFor.size === 0) events.emit('lateWrites', landing.size, waitMs);
    for (const path of landing.keys()) waitedFor.add(path);
    // What is under way only may be answered soon.
    await sleep(Math.min(waitMs, identity.pace.windowMs), undefined, { signal });
  }
}
