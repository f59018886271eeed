/** The worker's envelopes, looks included unless `blind`, posted as fast as they are answered; nothing is kept. */
import { Pool } from 'undici';
import { BATCH_SIZE, readPatches, withIds } from './rows.ts';

const [url = '', file = '', blind = '', concurrency = ''] = process.argv.slice(2);
const pool = new Pool(url, { connections: Number(concurrency) });
const patches = readPatches(file);

async function post(requests: readonly object[]): Promise<void> {
  const reply = await pool.request({
    path: '/beta/$batch',
    method: 'POST',
    headers: { authorization: 'Bearer peer', 'content-type': 'application/json' },
    body: JSON.stringify({ requests: withIds(requests) }),
  });
  await reply.body.json();
}

let next = 0;
async function lane(): Promise<void> {
  while (next < patches.length) {
    const batch = patches.slice(next, next + BATCH_SIZE);
    next += BATCH_SIZE;
    const lists = new Set(batch.map(({ url: path }) => path.slice(0, path.lastIndexOf('/'))));
    if (blind !== 'blind') await post([...lists].map((list) => ({ method: 'GET', url: list })));
    await post(batch);
  }
}

const startedAt = performance.now();
await Promise.all(Array.from({ length: Number(concurrency) }, lane));
console.log((performance.now() - startedAt) / 1000);
await pool.close();
