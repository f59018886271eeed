/**
 * The worker's envelopes, looks included unless `blind`, posted as fast as they are answered; nothing is kept. They are the
 * same to the letter but for their ids: what is sent along costs whoever reads it.
 */
import { randomUUID } from 'node:crypto';
import { Pool } from 'undici';
import { BATCH_SIZE, readPatches, withIds } from './rows.ts';

const [url = '', file = '', blind = '', concurrency = ''] = process.argv.slice(2);
const pool = new Pool(url, { connections: Number(concurrency) });
const patches = readPatches(file, {
  deviceAndAppManagementAssignmentFilterId: null,
  deviceAndAppManagementAssignmentFilterType: 'none',
});

interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

async function post(asked: readonly Asked[]): Promise<void> {
  const requests = withIds(
    asked.map((one) => ({ ...one, headers: { 'client-request-id': randomUUID(), ...one.headers } })),
  );
  const reply = await pool.request({
    path: '/beta/$batch',
    method: 'POST',
    headers: {
      authorization: 'Bearer peer',
      'content-type': 'application/json',
      accept: 'application/json',
      'accept-encoding': 'identity',
      'user-agent': 'bare/1',
      'client-request-id': randomUUID(),
    },
    body: JSON.stringify({ requests }),
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
