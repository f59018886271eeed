import type { EventChannel } from './channel.ts';
import type { Surroundings } from './elsewhere.ts';
import type { Message } from './message.ts';
import { postToTeams } from './teams.ts';
import { postWebhook } from './webhook.ts';

/** Whether a channel wants to be told of this; one that names no events is told of all. A test always comes through. */
export const wants = ({ events }: EventChannel, { type }: Pick<Message, 'type'>): boolean =>
  events === undefined || type === 'test' || events.includes(type);

/** Tells a channel, once. @throws NotTold */
export async function tellChannel(
  message: Message,
  channel: EventChannel,
  surroundings: Surroundings,
  signal: AbortSignal,
): Promise<void> {
  switch (channel.type) {
    case 'webhook':
      return postWebhook(message, channel, surroundings, signal);
    case 'teams':
      return postToTeams(message, channel, surroundings, signal);
    case 'email': {
      // Whoever sends no mail does without the megabytes of its library.
      const { sendMail } = await import('./mail.ts');
      return sendMail(message, channel, surroundings, signal);
    }
  }
}
