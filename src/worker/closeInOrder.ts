import { setTimeout as sleep } from 'node:timers/promises';
import type { Worker } from 'bullmq';

/** How often it is looked whether a connection stands again. */
const RECONNECTED_LOOK_MS = 20;

/**
 * BullMQ ends the connection on which it waits for jobs, and waits for that end. Of a connection that is between two tries
 * ioredis tells no end: BullMQ would wait for ever, with Redis long back. So it is told to close once that connection stands.
 */
export async function closeInOrder<Data>(worker: Worker<Data>): Promise<void> {
  await worker.pause(true);
  // One that never got so far has told so already (as an error of the queue), and is closed as it is.
  const waiting = await worker.getBackend().blockingClient?.catch(() => undefined);
  while (waiting !== undefined && waiting.status !== 'ready' && waiting.status !== 'end')
    await sleep(RECONNECTED_LOOK_MS);
  await worker.close();
}
