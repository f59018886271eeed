import type { HeartbeatChannel } from './channel.ts';
import { addressFrom, authorities, type Surroundings } from './elsewhere.ts';
import { call } from './post.ts';

/** Calls the address, whose silence wakes somebody. @throws NotTold */
export async function ping(
  { url, ca }: HeartbeatChannel,
  surroundings: Surroundings,
  signal: AbortSignal,
): Promise<void> {
  await call(
    { url: await addressFrom(url, surroundings), method: 'GET', ca: await authorities(ca) },
    { env: surroundings.env, signal },
  );
}
