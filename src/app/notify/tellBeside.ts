import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../../errors.ts';
import { eventChannels, type NotifyFile } from '../../notify/notifyFile.ts';
import { RunStore } from '../../runs/runStore.ts';
import { queueLeft } from '../runs/queueLeft.ts';
import type { Services } from '../services.ts';
import { notifyFileOf } from './channels.ts';
import { endedInTime } from '../work/waitForShutdown.ts';
import { openTelling } from './openTelling.ts';

/** How often runs that their workers have left are queued again, which is what is told. */
const QUEUE_EVERY_MS = 15_000;

const NOTHING: AsyncDisposable = { [Symbol.asyncDispose]: async () => undefined };

/**
 * Tells the channels of this machine what runs tell, until it is closed: when the last worker has died, a process that is no worker is the
 * only one that can tell that its run stands still. A `notify.json` that can't be read is said, and keeps nothing else from being done.
 */
export async function tellBeside(services: Services): Promise<AsyncDisposable> {
  const file = readableFile(services);
  if (eventChannels(file).size === 0) return NOTHING;
  const { identity, log } = services;
  const redis = await services.open('wait', 'telling');
  const runs = new RunStore(redis, identity.tenant, identity.config.approval);
  const telling = openTelling(file, runs, redis, services);
  const closing = new AbortController();
  const queueing = queueRegularly({ runs, log }, closing.signal);
  return {
    async [Symbol.asyncDispose]() {
      closing.abort();
      const ended = Promise.all([queueing, telling?.close()]).then(() => undefined);
      await endedInTime(ended, redis, undefined);
    },
  };
}

async function queueRegularly(services: Pick<Services, 'runs' | 'log'>, closing: AbortSignal): Promise<void> {
  while (!closing.aborted) {
    await queueLeft(services);
    await sleep(QUEUE_EVERY_MS, undefined, { signal: closing }).catch(() => undefined);
  }
}

function readableFile(services: Services): NotifyFile | undefined {
  try {
    return notifyFileOf(services);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    services.log.warn(`Nobody is told by this process: ${error.message}`, { remedy: error.remedy });
    return undefined;
  }
}
