import type { ChannelStatus } from '../../runs/progress.ts';
import { waitingFor } from '../../worker/telling.ts';
import type { Services } from '../services.ts';

const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());

/** How it goes with these channels, whatever machine tells them. */
export async function channelStatus(
  names: readonly string[],
  { runs, redis }: Pick<Services, 'runs' | 'redis'>,
): Promise<ChannelStatus[]> {
  if (names.length === 0) return [];
  const [records, waiting] = await Promise.all([runs.channelRecords(), waitingFor(names, runs, redis)]);
  return names.map((channel) => {
    const { toldAt = null, failingSince = null, why = null } = records.get(channel) ?? {};
    return {
      ...{ channel, waiting: waiting.get(channel) ?? 0 },
      ...{ toldAt: iso(toldAt), failingSince: iso(failingSince), why },
    };
  });
}
