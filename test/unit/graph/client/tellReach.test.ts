import { expect, test } from 'vitest';
import type { EnvelopeReply, GraphClient } from '../../../../src/graph/client/graphClient.ts';
import { tellReach } from '../../../../src/graph/client/tellReach.ts';

const AWAY: EnvelopeReply = {
  kind: 'unreached',
  error: { code: 'ECONNREFUSED', message: 'graph refused.', remedy: 'Check it.', passes: true },
};
const THERE: EnvelopeReply = { kind: 'replies', replies: [] };

test('an outage is told once at its begin and once at its end, over all clients that share it', async () => {
  const said: unknown[] = [];
  const told = tellReach((reach) => void said.push(reach));
  let answer: EnvelopeReply = THERE;
  const client: GraphClient = { postBatch: async () => answer, close: async () => undefined };
  const [one, other] = [told(client), told(client)];
  for (const next of [THERE, AWAY, AWAY, AWAY, THERE, THERE, AWAY, THERE]) {
    answer = next;
    expect(await one.postBatch([])).toBe(next);
    expect(await other.postBatch([])).toBe(next);
  }
  const away = { isReached: false, message: 'graph refused.', remedy: 'Check it.' };
  expect(said).toEqual([away, { isReached: true }, away, { isReached: true }]);
});

test('a call that gives up after another one has come through is no outage', async () => {
  const said: boolean[] = [];
  const told = tellReach(({ isReached }) => void said.push(isReached));
  const late = Promise.withResolvers<EnvelopeReply>();
  const answers = [AWAY, late.promise, THERE];
  const client = told({ postBatch: async () => answers.shift() ?? THERE, close: async () => undefined });
  await client.postBatch([]);
  const waiting = client.postBatch([]);
  await client.postBatch([]);
  late.resolve(AWAY);
  await waiting;
  expect(said).toEqual([false, true]);
});
