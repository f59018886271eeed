import { expect, test } from 'vitest';
import type { Reply } from '../../../../src/graph/client/batchEnvelope.ts';
import { readGroups } from '../../../../src/graph/reads/groups.ts';
import type { SendReads } from '../../../../src/graph/reads/reading.ts';

const answered = (status: number, body: unknown = {}): Reply => ({ kind: 'answered', status, body });
const group = (securityEnabled: unknown = true): Reply => answered(200, { id: 'g', securityEnabled });
const members = (n: number, more: object = {}): Reply =>
  answered(200, { value: Array.from({ length: n }, (_, i) => ({ id: `m${i}` })), ...more });
const LOST: Reply = { kind: 'lost', why: 'reset' };

const GROUP = '/groups/g?$select=id,displayName,securityEnabled';
const MEMBERS = '/groups/g/transitiveMembers?$top=1&$select=id';

/** Every group is answered the same. */
function directory(ofGroup: Reply, ofMembers?: Reply): { send: SendReads; asked: string[]; sizes: number[] } {
  const asked: string[] = [];
  const sizes: number[] = [];
  const send: SendReads = async (urls) => {
    sizes.push(urls.length);
    asked.push(...urls);
    return urls.map((url) => {
      const reply = url.includes('/transitiveMembers') ? ofMembers : ofGroup;
      if (reply === undefined) throw new Error(`nobody expected a read of ${url}`);
      return reply;
    });
  };
  return { send, asked, sizes };
}

test.each<readonly [string, Reply, Reply | undefined, string]>([
  ['a security group with members', group(), members(1), 'ok'],
  ['a page without members that leads on', group(), members(0, { '@odata.nextLink': 'https://x' }), 'ok'],
  ['a group without members', group(), members(0), 'empty'],
  ['a distribution list', group(false), undefined, 'notSecurity'],
  ['a group that is not there', answered(404), undefined, 'missing'],
  ['an id that Graph takes for none', answered(400), undefined, 'missing'],
  ['members that can not be asked for', group(), answered(400), 'unchecked'],
  ['a group that goes between the two reads', group(), answered(404), 'missing'],
  ['a group of which only the id is shown', group(null), undefined, 'unchecked'],
  ['a group that may not be read', answered(403), undefined, 'unchecked'],
  ['a token that is refused', answered(401), undefined, 'unchecked'],
  ['members that may not be read', group(), answered(403), 'unchecked'],
  ['members in an unknown shape', group(), answered(200), 'unchecked'],
  ['a body that is no group', answered(200, 'text'), undefined, 'unchecked'],
  ['a reply that is lost again and again', LOST, undefined, 'unchecked'],
  ['a service that is down', answered(503), undefined, 'unchecked'],
])('%s', async (_, ofGroup, ofMembers, kind) => {
  const { send } = directory(ofGroup, ofMembers);
  expect((await readGroups(['g'], send))('g')).toEqual({ kind });
});

test('each group is read once, in whatever spelling, and members only of those that are well', async () => {
  const { send, asked } = directory(group(), members(1));
  const fact = await readGroups(['G', 'g'], send);
  expect(asked).toEqual([GROUP, MEMBERS]);
  expect([fact('g'), fact('G')]).toEqual([{ kind: 'ok' }, { kind: 'ok' }]);
});

test('twenty go together', async () => {
  const { send, sizes } = directory(group(), members(1));
  const ids = Array.from({ length: 45 }, (_, i) => `g${i}`);
  const fact = await readGroups(ids, send);
  expect(sizes).toEqual([20, 20, 5, 20, 20, 5]);
  expect(new Set(ids.map((id) => fact(id).kind))).toEqual(new Set(['ok']));
});

test.each(['', '..', 'a/b', 'has space'])('the id %j is no group, and is not asked for', async (id) => {
  const { send, asked } = directory(group(), members(1));
  expect((await readGroups([id], send))(id)).toEqual({ kind: 'missing' });
  expect(asked).toEqual([]);
});

test('a group that was not read is unchecked', async () => {
  const { send } = directory(group());
  expect((await readGroups([], send))('g')).toEqual({ kind: 'unchecked' });
});
