import { expect, test } from 'vitest';
import type { Reply } from '../../../../src/graph/client/batchEnvelope.ts';
import { deploymentsUnderWay } from '../../../../src/graph/reads/deployments.ts';

const BASE = 'https://graph.example/beta';
const answered = (status: number, body: unknown = {}): Reply => ({ kind: 'answered', status, body });

const read = async (reply: Reply) => {
  const asked: string[] = [];
  const found = await deploymentsUnderWay(async (urls) => {
    asked.push(...urls);
    return [reply];
  }, BASE);
  expect(asked).toEqual(['/deviceManagement/deployments']);
  return found && Object.fromEntries(found);
};

const deployment = (more: object): object => ({
  ...{ id: 'd1', displayName: 'Rollout', mode: 'active', state: 'inProgress' },
  payloads: [{ payloadId: 'P1' }],
  ...more,
});

test('what is in an active deployment is known by its id, with what that is called', async () => {
  const states = ['notStarted', 'inProgress', 'paused', 'error', 'new'];
  const value = [
    ...states.map((state, n) => deployment({ state, payloads: [{ payloadId: `p${n}` }] })),
    deployment({ displayName: null, payloads: [{ id: 'P0' }, { payloadId: 'P9' }, 'odd', null] }),
    ...['canceled', 'completed'].map((state) => deployment({ state })),
    deployment({ mode: 'draft' }),
    deployment({ payloads: null }),
    'odd',
  ];
  expect(await read(answered(200, { value }))).toEqual({
    ...{ p0: ['Rollout', 'd1'], p1: ['Rollout'], p2: ['Rollout'], p3: ['Rollout'], p4: ['Rollout'] },
    p9: ['d1'],
  });
});

test.each<readonly [string, Reply]>([
  ['that has no such thing', answered(400)],
  ['that does not know the path', answered(404)],
  ['that does not show it to this sign-in', answered(403)],
  ['that gives no list', answered(200, { deployments: [] })],
  ['whose reply is lost', { kind: 'lost', why: 'reset' }],
])('of a tenant %s nothing is known', async (_, reply) => {
  expect(await read(reply)).toBeUndefined();
});
