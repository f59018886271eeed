import { describe, expect, test } from 'vitest';
import type { KnownCounts } from '../../../../src/assignments/guard/countsNeeded.ts';
import type { GroupFact } from '../../../../src/assignments/guard/guard.ts';
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

describe('groups whose ids are those of groups', () => {
  const id = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
  const ids = (n: number): string[] => Array.from({ length: n }, (_, i) => id(i));
  const listed = (url: string, without: readonly string[] = []): Reply =>
    answered(200, {
      value: (decodeURIComponent(url).match(/[0-9a-f-]{36}/g) ?? [])
        .filter((each) => !without.includes(each))
        .map((each) => ({ id: each.toUpperCase(), displayName: `G ${each.at(-1)}`, securityEnabled: true })),
    });

  function tenant(
    reply: (url: string) => Reply | undefined,
    counts?: Promise<(groupId: string) => KnownCounts | undefined>,
  ): { read: (n: number) => Promise<GroupFact[]>; asked: string[] } {
    const asked: string[] = [];
    const send: SendReads = async (urls) => {
      asked.push(...urls);
      return urls.map((url) => reply(url) ?? (url.includes('transitive') ? members(1) : listed(url)));
    };
    const read = async (n: number): Promise<GroupFact[]> => {
      const fact = await readGroups(ids(n), send, counts);
      return ids(n).map(fact);
    };
    return { read, asked };
  }

  test('are listed, fifteen with a request, and those that were counted are looked at no more', async () => {
    const { read, asked } = tenant(
      () => undefined,
      Promise.resolve((each) => ({ users: each === id(3) ? 0 : 1 })),
    );
    expect(await read(20)).toEqual(ids(20).map((each) => ({ kind: 'ok', name: `G ${each.at(-1)}` })));
    expect(asked.filter((url) => url.includes('$filter'))).toHaveLength(2);
    expect(asked.slice(2)).toEqual([`/groups/${id(3)}/transitiveMembers?$top=1&$select=id`]);
  });

  test('are missing when they are not there by themselves, not when a list lacks them', async () => {
    const { read, asked } = tenant((url) => {
      if (url.includes('$filter')) return listed(url, [id(1), id(2)]);
      return url.startsWith(`/groups/${id(1)}?`)
        ? answered(404)
        : url.includes('transitive')
          ? undefined
          : group();
    });
    expect((await read(3)).map(({ kind }) => kind)).toEqual(['ok', 'missing', 'ok']);
    expect(asked.filter((url) => url.includes('?$select'))).toHaveLength(2);
  });

  test('are read by themselves where the directory takes no such list', async () => {
    const { read } = tenant((url) =>
      url.includes('$filter') ? answered(400) : url.includes('transitive') ? undefined : group(false),
    );
    expect((await read(3)).map(({ kind }) => kind)).toEqual(['notSecurity', 'notSecurity', 'notSecurity']);
  });

  test('are unchecked where none may be read, which takes two requests', async () => {
    const { read, asked } = tenant(() => answered(403));
    expect(new Set((await read(40)).map(({ kind }) => kind))).toEqual(new Set(['unchecked']));
    expect(asked).toHaveLength(2);
  });

  test('are read one by one where only the list is refused', async () => {
    const { read } = tenant((url) =>
      url.includes('$filter') ? answered(403) : url.includes('transitive') ? undefined : group(),
    );
    expect(new Set((await read(5)).map(({ kind }) => kind))).toEqual(new Set(['ok']));
  });
});
