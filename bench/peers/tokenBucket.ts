/** A token bucket at the configured rate in front of the same batches; a 429 is waited out and sent again. */
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import { BATCH_SIZE, readPatches, retryAfterSeconds, throttledOf, withIds, type InnerReply } from './rows.ts';

const [url = '', file = '', limit = '', windowMs = ''] = process.argv.slice(2);
const perMs = Number(limit) / Number(windowMs);
let tokens = BATCH_SIZE;
let filledAt = performance.now();
let open = readPatches(file);
while (open.length > 0) {
  const now = performance.now();
  tokens = Math.min(BATCH_SIZE, tokens + (now - filledAt) * perMs);
  filledAt = now;
  const sent = open.slice(0, BATCH_SIZE);
  if (tokens < sent.length) {
    await sleep((sent.length - tokens) / perMs);
    continue;
  }
  tokens -= sent.length;
  const reply = await request(`${url}/beta/$batch`, {
    method: 'POST',
    headers: { authorization: 'Bearer peer', 'content-type': 'application/json' },
    body: JSON.stringify({ requests: withIds(sent) }),
  });
  const { responses } = (await reply.body.json()) as { responses: InnerReply[] };
  open = [...throttledOf(sent, responses), ...open.slice(BATCH_SIZE)];
  await sleep(retryAfterSeconds(responses) * 1000);
}
