import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { EXIT, UserError } from '../../errors.ts';
import { redisFailure } from '../../redis/failure.ts';
import { hasEnded, type Run } from '../../runs/run.ts';
import type { Sighting } from '../../events.ts';
import type { Services } from '../services.ts';
import { queueLeft } from './queueLeft.ts';
import { statusAndWhy, surroundingsOf, type RunSurroundings } from './status.ts';
import type { HasWorkers } from './whyWaiting.ts';

/** How often the record is read for progress. */
const READ_EVERY_MS = 250;
/** How often it is asked why a run does not go on. */
const WHY_EVERY_MS = 2_000;

export interface Following {
  /** Whether anybody works on a run; undefined: as the producer knows. */
  readonly hasWorkers?: HasWorkers;
  /** Nobody waits any longer for such a run. */
  readonly until?: (run: Run) => boolean;
}

/**
 * Sees a run every quarter of a second until it has ended, `until` is met, or a signal came. A Redis that goes away on the way
 * is waited for, as the run goes on when it is back.
 * @throws UserError (exit 4) when the run is gone
 */
export async function* follow(
  runId: string,
  services: Services,
  { hasWorkers = (id) => services.producer.hasWorkers(id), until = () => false }: Following = {},
): AsyncGenerator<Sighting> {
  const { runs, interrupted } = services;
  setMaxListeners(0, interrupted);
  let surroundings: RunSurroundings = { why: undefined, workers: [] };
  let nextWhyAt = 0;
  const see = async (): Promise<Sighting> => {
    const isWhyDue = performance.now() >= nextWhyAt;
    if (isWhyDue) await queueLeft(services);
    const run = await runs.run(runId);
    if (run === undefined) throw gone(runId);
    const stop = await runs.stopped();
    if (isWhyDue) {
      surroundings = await surroundingsOf(run, services, hasWorkers);
      nextWhyAt = performance.now() + WHY_EVERY_MS;
    }
    const { status, why } = await statusAndWhy(run, services, surroundings);
    return { run, status, why, stop, isLast: hasEnded(run) || until(run) || interrupted.aborted };
  };
  let last: Sighting | undefined;
  for (;;) {
    const sighting = await see().catch((error: unknown) => {
      // The client says itself that Redis is away, and tries on.
      if (redisFailure(error) === undefined || last === undefined || interrupted.aborted) throw error;
      return undefined;
    });
    if (sighting !== undefined) {
      last = sighting;
      yield sighting;
      if (sighting.isLast) return;
    } else if (last !== undefined) {
      // How far it is by now is not known, and when it ends even less.
      yield { ...last, status: { ...last.status, etaSeconds: null, doneAbout: null } };
    }
    await sleep(READ_EVERY_MS, undefined, { signal: interrupted }).catch(() => undefined);
  }
}

const gone = (runId: string): UserError =>
  new UserError(`Run ${runId} is gone from Redis.`, {
    remedy:
      'Its time to be kept has passed, or Redis was flushed or came back older than it was. `retarget status` shows what is there; what the run has written ' +
      `\`retarget rollback --from\` takes back, given the plan that was kept as ${runId}.ndjson.`,
    exitCode: EXIT.environment,
  });
