import { createHmac } from 'node:crypto';
import type { WebhookChannel } from './channel.ts';
import { addressFrom, authorities, textFrom, type Surroundings } from './elsewhere.ts';
import type { Message } from './message.ts';
import { call } from './post.ts';

/** The id of a message as a CloudEvent. Source: github.com/cloudevents/spec, 1.0.2, JSON format, structured content mode. */
export const cloudEvent = ({ id, type, at, tenant, run, title, facts, commands, data }: Message) => ({
  specversion: '1.0',
  id,
  source: `/retarget/${encodeURIComponent(tenant)}`,
  type: `intune-retarget.run.${type}`,
  ...(run !== null && { subject: run }),
  time: new Date(at).toISOString(),
  datacontenttype: 'application/json',
  data: {
    ...{ tenant, run, text: title, ...data },
    facts: Object.fromEntries(facts),
    commands: Object.fromEntries(commands),
  },
});

/** Secrets of the form that the standard gives them are base64 behind this; all others are taken as they are. */
const STANDARD_SECRET = 'whsec_';

/** The headers that sign a message, as Standard Webhooks has them. Source: github.com/standard-webhooks/standard-webhooks. */
export function signature(
  id: string,
  body: string,
  secret: string,
  seconds: number,
): Readonly<Record<string, string>> {
  const key = secret.startsWith(STANDARD_SECRET)
    ? Buffer.from(secret.slice(STANDARD_SECRET.length), 'base64')
    : Buffer.from(secret, 'utf8');
  const signed = createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64');
  return { 'webhook-timestamp': String(seconds), 'webhook-signature': `v1,${signed}` };
}

/** @throws NotTold */
export async function postWebhook(
  message: Message,
  { url, secret, ca }: WebhookChannel,
  surroundings: Surroundings,
  signal: AbortSignal,
): Promise<void> {
  const body = JSON.stringify(cloudEvent(message));
  const seconds = Math.floor(Date.now() / 1000);
  const signed =
    secret === undefined
      ? {}
      : signature(message.id, body, await textFrom('secret', secret, surroundings), seconds);
  await call(
    {
      url: await addressFrom(url, surroundings),
      method: 'POST',
      headers: {
        'content-type': 'application/cloudevents+json',
        'webhook-id': message.id,
        ...signed,
      },
      body,
      ca: await authorities(ca),
    },
    { env: surroundings.env, signal },
  );
}
