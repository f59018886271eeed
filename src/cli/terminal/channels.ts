import { visible } from '../../assignments/values/visible.ts';
import type { ChannelStatus, RunStatus } from '../../runs/progress.ts';
import type { Printer } from './print.ts';

/** How it goes with a channel, in one line. */
export function channelInWords({ channel, waiting, toldAt, failingSince, why }: ChannelStatus): string {
  const left = waiting === 0 ? '' : `, ${waiting} not told yet`;
  if (failingSince !== null) return `${channel}: takes nothing since ${failingSince}, ${why ?? ''}${left}`;
  return `${channel}: ${toldAt === null ? 'nothing told so far' : `told last at ${toldAt}`}${left}`;
}

/** A channel that takes nothing is no matter of a run, but somebody waits to be told. */
export function tellDeadChannels(runs: readonly RunStatus[], print: Printer): void {
  const dead = runs.flatMap(({ channels }) => channels.filter(({ failingSince }) => failingSince !== null));
  for (const line of new Set(dead.map(channelInWords))) print.say(visible(`Channel ${line}.`));
}
