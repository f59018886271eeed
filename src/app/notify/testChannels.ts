import { randomBytes } from 'node:crypto';
import { RunStore } from '../../runs/runStore.ts';
import { heartbeats, type NotifyFile } from '../../notify/notifyFile.ts';
import { ping } from '../../notify/heartbeat.ts';
import { startTelling } from '../../worker/telling.ts';
import type { Services } from '../services.ts';
import { channelSurroundings, tellingTerms } from './openTelling.ts';

/** What became of a test; null: it went well. */
export interface Tested {
  readonly channel: string;
  readonly why: string | null;
}

const TEST_MS = 30_000;
const ID_BYTES = 6;

/**
 * Tells each of these channels that this is a test, the way that events of runs take: by the record and the channel's queue, where
 * another worker of the tenant may be quicker. A heartbeat is called once.
 */
export async function testChannels(
  names: readonly string[],
  file: NotifyFile,
  services: Services,
): Promise<Tested[]> {
  const alive = heartbeats(file);
  const told = names.filter((name) => !alive.has(name));
  const pinged = names.flatMap((name) => {
    const channel = alive.get(name);
    return channel === undefined ? [] : [{ name, channel }];
  });
  const signal = AbortSignal.any([services.interrupted, AbortSignal.timeout(TEST_MS)]);
  const [tested, called] = await Promise.all([
    told.length === 0 ? [] : testByQueue(told, file, signal, services),
    Promise.all(
      pinged.map(async ({ name, channel }) => ({
        channel: name,
        why: await whyNot(ping(channel, channelSurroundings(services), signal)),
      })),
    ),
  ]);
  const all = [...tested, ...called];
  return names.flatMap((name) => all.filter(({ channel }) => channel === name));
}

async function testByQueue(
  names: readonly string[],
  file: NotifyFile,
  signal: AbortSignal,
  services: Services,
): Promise<Tested[]> {
  const { identity } = services;
  const redis = await services.open('wait', 'telling');
  const runs = new RunStore(redis, identity.tenant);
  const id = `test-${randomBytes(ID_BYTES).toString('hex')}`;
  await runs.keepEvent({
    ...{ id, at: await runs.now(), type: 'test', channels: names },
    data: { operator: identity.operator },
  });
  const telling = startTelling(runs, redis, tellingTerms(file, services));
  try {
    const results = names.map(async (channel) => ({
      channel,
      why: await telling.outcome(id, channel, signal),
    }));
    return await Promise.all(results);
  } finally {
    await telling.close();
  }
}

const whyNot = (telling: Promise<void>): Promise<string | null> =>
  telling.then(
    () => null,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
