import type { Services } from '../services.ts';

/**
 * Queues runs again that their workers have left, before somebody is shown what is at work: where no worker is there, nobody else does. A
 * Redis that takes no writes is no reason to show nothing.
 */
export async function queueLeft({ runs, log }: Pick<Services, 'runs' | 'log'>): Promise<void> {
  await runs
    .queueLeft()
    .catch((error: unknown) => log.debug('Runs that were left could not be queued.', { err: error }));
}
