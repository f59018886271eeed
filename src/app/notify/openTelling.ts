import { setTimeout as sleep } from 'node:timers/promises';
import type { HeartbeatChannel } from '../../notify/channel.ts';
import type { Surroundings } from '../../notify/elsewhere.ts';
import { ping } from '../../notify/heartbeat.ts';
import { eventChannels, heartbeats, type NotifyFile } from '../../notify/notifyFile.ts';
import { tellChannel, wants } from '../../notify/tellChannel.ts';
import type { RedisClient } from '../../redis/connection.ts';
import type { RunStore } from '../../runs/runStore.ts';
import { startTelling, type Telling, type TellingTerms } from '../../worker/telling.ts';
import type { Services } from '../services.ts';
import { messageOf } from './messageOf.ts';

type TellingServices = Pick<Services, 'identity' | 'log' | 'redactor'>;

/** How long the end of a worker waits for channels to be told of it. */
export const TELL_AT_END_MS = 5_000;

export const channelSurroundings = ({ identity, redactor }: TellingServices): Surroundings => ({
  env: identity.config.env,
  keepSecret: (secret) => redactor.keep(secret),
});

/** Tells the channels of this machine what runs of the tenant tell; undefined where there are none. */
export function openTelling(
  file: NotifyFile | undefined,
  runs: RunStore,
  redis: RedisClient,
  services: TellingServices,
): Telling | undefined {
  return eventChannels(file).size === 0 ? undefined : startTelling(runs, redis, tellingTerms(file, services));
}

export function tellingTerms(file: NotifyFile | undefined, services: TellingServices): TellingTerms {
  const channels = eventChannels(file);
  const { identity, log } = services;
  return {
    channels: [...channels.keys()],
    async tell(name, event, signal) {
      const channel = channels.get(name);
      const message = messageOf(event, identity);
      if (channel === undefined || !wants(channel, message)) return false;
      await tellChannel(message, channel, channelSurroundings(services), signal);
      return true;
    },
    windowMs: identity.pace.windowMs,
    log,
  };
}

/** Heartbeats that go on for as long as the worker is well; to be stopped. */
export interface Pulse {
  stop(): Promise<void>;
}

/** @param isWell asked before each call: a worker that does not reach Graph or Redis keeps silent */
export function startPulse(
  file: NotifyFile | undefined,
  isWell: () => Promise<boolean>,
  services: TellingServices,
): Pulse {
  const stopping = new AbortController();
  const beating = [...heartbeats(file)].map(([name, channel]) =>
    beat(name, channel, isWell, services, stopping.signal),
  );
  return {
    async stop() {
      stopping.abort();
      await Promise.all(beating);
    },
  };
}

async function beat(
  name: string,
  channel: HeartbeatChannel,
  isWell: () => Promise<boolean>,
  services: TellingServices,
  stopping: AbortSignal,
): Promise<void> {
  const { log } = services;
  let said: string | undefined;
  while (!stopping.aborted) {
    try {
      if (await isWell()) {
        await ping(channel, channelSurroundings(services), stopping);
        if (said !== undefined) log.info(`Heartbeat ${name} is taken again.`);
        said = undefined;
      }
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      if (!stopping.aborted && why !== said) log.warn(`Heartbeat ${name} is not taken: ${why}.`);
      said = why;
    }
    await sleep(channel.everySeconds * 1000, undefined, { signal: stopping }).catch(() => undefined);
  }
}
