import { expect, test } from 'vitest';
import type { EnvelopeReply, GraphClient } from '../../../../src/graph/client/graphClient.ts';
import { tellReach } from '../../../../src/graph/client/tellReach.ts';

const AWAY: EnvelopeReply = {
  kind: 'unreached',
  error: { code: 'ECONNREFUSED', message: 'graph refused.', remedy: 'Check it.', passes: true },
};
const THERE: EnvelopeReply = { kind: 'replies', replies: [] };

test('an outage is told once at its begin and once at its end, over all clients that share it', async () => {
  const said: string[] = [];
  const told = tellReach({
    info: (text: unknown) => void said.push(`info ${String(text)}`),
    warn: (text: unknown) => void said.push(`warn ${String(text)}`),
  });
  let answer: EnvelopeReply = THERE;
  const client: GraphClient = { postBatch: async () => answer, close: async () => undefined };
  const [one, other] = [told(client), told(client)];
  for (const next of [THERE, AWAY, AWAY, AWAY, THERE, THERE, AWAY, THERE]) {
    answer = next;
    expect(await one.postBatch([])).toBe(next);
    expect(await other.postBatch([])).toBe(next);
  }
  const away = 'warn Graph is out of reach: graph refused. Check it. Trying again until it is there.';
  expect(said).toEqual([away, 'info Graph is there again.', away, 'info Graph is there again.']);
});

test('a call that gives up after another one has come through is no outage', async () => {
  const said: string[] = [];
  const say = (text: unknown): void => void said.push(String(text));
  const told = tellReach({ info: say, warn: say });
  const late = Promise.withResolvers<EnvelopeReply>();
  const answers = [AWAY, late.promise, THERE];
  const client = told({ postBatch: async () => answers.shift() ?? THERE, close: async () => undefined });
  await client.postBatch([]);
  const waiting = client.postBatch([]);
  await client.postBatch([]);
  late.resolve(AWAY);
  await waiting;
  expect(said).toEqual([expect.stringContaining('out of reach'), 'Graph is there again.']);
});
