import { expect, test } from 'vitest';
import { groupMembers } from '../../../../src/graph/reads/groupMembers.ts';
import { headersFor, type ReadReply, type SendReads } from '../../../../src/graph/reads/reading.ts';
import { guid } from '../../../support/guid.ts';

const answered = (status: number, body: unknown = {}): ReadReply => ({ kind: 'answered', status, body });
const [G1, G2] = [guid('g1'), guid('g2')];

function directory(reply: (url: string) => ReadReply): { send: SendReads; asked: string[] } {
  const asked: string[] = [];
  const send: SendReads = async (urls) => {
    asked.push(...urls);
    return urls.map(reply);
  };
  return { send, asked };
}

test('users and devices are counted apart, once a group, in two reads that take an answer which lags behind', async () => {
  const { send, asked } = directory((url) => answered(200, url.includes('.user/') ? 1240 : 12));
  const members = await groupMembers([G1.toUpperCase(), G1, G2], send);
  expect(members).toEqual(
    new Map([
      [G1, { users: 1240, devices: 12 }],
      [G2, { users: 1240, devices: 12 }],
    ]),
  );
  expect(asked).toHaveLength(4);
  expect(asked[0]).toBe(`/groups/${G1}/transitiveMembers/microsoft.graph.user/$count`);
  expect(headersFor(asked[1] ?? '')).toEqual({ ConsistencyLevel: 'eventual' });
  expect(headersFor('/groups?$count=true')).toEqual({});
});

test.each([
  [12],
  ['12'],
  [' 12\r\n'],
  ['\ufeff12'],
  [Buffer.from('12').toString('base64')],
  [Buffer.from('\ufeff12').toString('base64')],
])('a count that comes as %j is one', async (body) => {
  const { send } = directory(() => answered(200, body));
  expect((await groupMembers([G1], send)).get(G1)).toEqual({ users: 12, devices: 12 });
});

test.each([[{ value: [] }], ['many'], [-1], [1.5], ['1e3'], [null]])('%j is no count', async (body) => {
  const { send } = directory(() => answered(200, body));
  expect(await groupMembers([G1], send)).toEqual(new Map());
});

test('a group of which only one kind is counted, or that is gone, has no place', async () => {
  const { send } = directory((url) => (url.includes('.device/') ? answered(400) : answered(200, 5)));
  expect(await groupMembers([G1, G2], send)).toEqual(new Map());
  expect(await groupMembers([G1], directory(() => answered(404)).send)).toEqual(new Map());
});

test('whoever may count no group is asked for one only, and what is no group is not counted', async () => {
  const { send, asked } = directory(() => answered(403));
  expect(await groupMembers([G1, G2, 'name', 'acacacac-9df4-4c7d-9d50-4ef0226f57a9'], send)).toEqual(
    new Map(),
  );
  expect(asked).toHaveLength(2);
});
