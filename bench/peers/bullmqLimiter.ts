/** BullMQ as its manual shows it: a job a row, the worker's `limiter` at the configured rate, `rateLimit` on a 429. */
import { Queue, Worker } from 'bullmq';
import { request } from 'undici';
import { readPatches, retryAfterSeconds, withIds, type InnerReply, type Patch } from './rows.ts';

const [url = '', file = '', limit = '', windowMs = '', redisUrl = ''] = process.argv.slice(2);
const connection = { url: redisUrl, maxRetriesPerRequest: null };
const queue = new Queue<Patch>('rows', { connection });
await queue.addBulk(readPatches(file).map((data) => ({ name: 'row', data })));
const worker = new Worker<Patch>(
  'rows',
  async ({ data }) => {
    const reply = await request(`${url}/beta/$batch`, {
      method: 'POST',
      headers: { authorization: 'Bearer peer', 'content-type': 'application/json' },
      body: JSON.stringify({ requests: withIds([data]) }),
    });
    const { responses } = (await reply.body.json()) as { responses: InnerReply[] };
    if (responses[0]?.status !== 429) return;
    await worker.rateLimit(retryAfterSeconds(responses) * 1000);
    throw Worker.RateLimitError();
  },
  {
    connection,
    concurrency: 20,
    limiter: { max: Number(limit), duration: Number(windowMs) },
    removeOnComplete: { count: 0 },
  },
);
worker.on('error', (error) => process.emitWarning(error));
