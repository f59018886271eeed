import { setTimeout as sleep } from 'node:timers/promises';

/** How long an end that needs Redis waits for a Redis that is away. */
const AWAY_MAX_MS = 3_000;
const LOOK_MS = 100;

/**
 * Waits for something to end that needs Redis, without a limit as long as Redis is there: calls to Graph may be under way.
 * Answers false when Redis was away for too long, since BullMQ would wait for it for ever. Nothing is lost by leaving: the
 * record knows what was sent, and the next worker looks at it first.
 */
export async function endedUnlessAway(
  ending: Promise<void>,
  redis: { readonly status: string },
): Promise<boolean> {
  const ended = ending.then(() => true);
  let awaySince: number | undefined;
  for (;;) {
    if (await Promise.race([ended, sleep(LOOK_MS, false)])) return true;
    if (redis.status === 'ready') awaySince = undefined;
    else awaySince ??= performance.now();
    if (awaySince !== undefined && performance.now() - awaySince > AWAY_MAX_MS) {
      ending.catch(() => undefined);
      return false;
    }
  }
}
