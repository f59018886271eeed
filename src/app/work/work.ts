import { hasEnded, type Run, awaitsSignIn } from '../../runs/run.ts';
import { isInterrupt } from '../interrupt.ts';
import { follow } from '../runs/follow.ts';
import { Patience } from '../runs/patience.ts';
import type { HasWorkers } from '../runs/whyWaiting.ts';
import type { Services } from '../services.ts';
import { duration } from '../words.ts';
import { openWorker } from './openWorker.ts';

/** What a run is that goes on by itself when the sign-in works again; a ready token never does. */
export const goesOnBySignIn = (run: Run, { identity }: Pick<Services, 'identity'>): boolean =>
  !identity.isReadyToken && awaitsSignIn(run);

/**
 * Works in this process until the run has ended, or rests and needs somebody. The first signal drains and leaves the run
 * paused. `progress` tells what it looks like on the way. Answers the run as it was last.
 * @param also other runs that are worked on, when it is their turn before this one
 * @param waitMs it is paused when it has waited for others for so long; undefined: it never is
 */
export async function work(
  runId: string,
  also: readonly string[],
  services: Services,
  waitMs?: number,
): Promise<Run> {
  const { runs, producer, interrupted, events } = services;
  const patience = new Patience(waitMs);
  let waitedFor: string | undefined;
  const worker = await openWorker(services, new Set([runId, ...also])).catch((error: unknown) => {
    if (!isInterrupt(error, interrupted)) throw error;
    return undefined;
  });
  let run: Run | undefined;
  const isLeft = (): boolean => interrupted.aborted || waitedFor !== undefined;
  const pauseIfLeft = async (): Promise<void> => {
    if (run === undefined || hasEnded(run) || !isLeft()) return;
    const reasonText = interrupted.aborted
      ? `interrupted by ${String(interrupted.reason)}`
      : `given up after ${duration((waitMs ?? 0) / 1000)}: ${waitedFor}`;
    await runs.transition(runId, {
      to: 'paused',
      from: ['running', 'queued'],
      reason: 'interrupted',
      reasonText,
    });
  };
  try {
    // Of its own worker nobody needs to ask.
    const hasWorkers: HasWorkers = async (id) => id === runId || producer.hasWorkers(id);
    const until = (now: Run): boolean => now.state === 'paused' && !goesOnBySignIn(now, services);
    for await (const sighting of follow(runId, services, { hasWorkers, until })) {
      run = sighting.run;
      if (!sighting.isLast && patience.isOver(sighting)) waitedFor = sighting.status.reasonText ?? '';
      events.emit('progress', { ...sighting, isLast: sighting.isLast || waitedFor !== undefined });
      if (waitedFor !== undefined) break;
    }
  } finally {
    // Its channels are told of it as well.
    await worker?.stop(pauseIfLeft);
  }
  if (run === undefined) throw new Error(`run ${runId} was never seen`);
  if (hasEnded(run) || !isLeft()) return run;
  // Where the worker has not come as far as that.
  await pauseIfLeft();
  return (await runs.run(runId)) ?? run;
}
