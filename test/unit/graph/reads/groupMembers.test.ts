import { expect, test } from 'vitest';
import type { CountNeeded } from '../../../../src/assignments/guard/countsNeeded.ts';
import { MEMBER_KINDS } from '../../../../src/assignments/guard/members.ts';
import { countMembers } from '../../../../src/graph/reads/groupMembers.ts';
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

const ofBoth = (...ids: readonly string[]): CountNeeded[] =>
  ids.flatMap((groupId) => MEMBER_KINDS.map((of) => ({ groupId, of })));

test('users and devices are counted apart, each in a read that takes an answer which lags behind', async () => {
  const { send, asked } = directory((url) => answered(200, url.includes('.user/') ? 1240 : 12));
  expect(await countMembers(ofBoth(G1.toUpperCase(), G2), send)).toEqual({
    ...{ counts: [1240, 12, 1240, 12], isDenied: false },
  });
  expect(asked).toHaveLength(4);
  expect(asked[0]?.toLowerCase()).toBe(`/groups/${G1}/transitivemembers/microsoft.graph.user/$count`);
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
  expect((await countMembers(ofBoth(G1), send)).counts).toEqual([12, 12]);
});

test.each([[{ value: [] }], ['many'], [-1], [1.5], ['1e3'], [null]])('%j is no count', async (body) => {
  const { send } = directory(() => answered(200, body));
  expect((await countMembers(ofBoth(G1), send)).counts).toEqual([undefined, undefined]);
});

test('what can’t be counted leaves its place empty', async () => {
  const { send } = directory((url) => (url.includes('.device/') ? answered(400) : answered(200, 5)));
  expect(await countMembers(ofBoth(G1), send)).toEqual({ counts: [5, undefined], isDenied: false });
});

test('whoever may count no group is asked for the counts of two groups only, and what is no group is not counted', async () => {
  const { send, asked } = directory(() => answered(403));
  const groups = ofBoth('name', 'acacacac-9df4-4c7d-9d50-4ef0226f57a9', G1, G2, guid('g3'));
  expect(await countMembers(groups, send)).toEqual({ counts: groups.map(() => undefined), isDenied: true });
  expect(asked).toHaveLength(2);
});

// Source: learn.microsoft.com/graph/api/group-list-transitivemembers: whose members are hidden, Member.Read.Hidden lists.
test.each([false, true])(
  'one group whose members are hidden keeps no other from being counted (counted before: %j)',
  async (isAllowed) => {
    for (const hidden of [G1, G2]) {
      const { send } = directory((url) =>
        url.toLowerCase().includes(hidden) ? answered(403) : answered(200, 3),
      );
      expect(await countMembers(ofBoth(G1, G2), send, isAllowed)).toEqual({
        counts: [G1, G1, G2, G2].map((group) => (group === hidden ? undefined : 3)),
        isDenied: false,
      });
    }
  },
);

test('one that is refused says nothing of the sign-in when counts were told before', async () => {
  const { send } = directory(() => answered(403));
  expect(await countMembers(ofBoth(G1), send, true)).toEqual({
    counts: [undefined, undefined],
    isDenied: false,
  });
});

test('whoever was told counts before is asked for all at once', async () => {
  const sizes: number[] = [];
  const send: SendReads = async (urls) => {
    sizes.push(urls.length);
    return urls.map(() => answered(200, 1));
  };
  await countMembers(ofBoth(G1, G2), send);
  await countMembers(ofBoth(G1, G2), send, true);
  expect(sizes).toEqual([1, 3, 4]);
});
