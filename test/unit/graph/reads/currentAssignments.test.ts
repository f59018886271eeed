import { expect, test } from 'vitest';
import { addressFromParts, listPath, type Address } from '../../../../src/assignments/kinds/address.ts';
import { deviceConfiguration } from '../../../../src/assignments/kinds/deviceConfiguration.ts';
import type { Reply } from '../../../../src/graph/client/batchEnvelope.ts';
import type { ReadReply } from '../../../../src/graph/reads/reading.ts';
import { readCurrentAssignments, type ReadList } from '../../../../src/graph/reads/currentAssignments.ts';

const BASE = 'https://graph.microsoft.com/beta';

function address(policyId: string, assignmentId = 'a1'): Address {
  const found = addressFromParts({ kind: deviceConfiguration, policyId, via: '', assignmentId });
  if ('part' in found) throw new Error(found.message);
  return found;
}

const P1 = address('p1');
const LIST = listPath(P1);

const answered = (status: number, body: unknown = {}): Reply => ({ kind: 'answered', status, body });
const page = (ids: readonly string[], next?: unknown): Reply =>
  answered(200, {
    value: ids.map((id) => ({
      id,
      target: { '@odata.type': '#microsoft.graph.allDevicesAssignmentTarget' },
    })),
    ...(next !== undefined && { '@odata.nextLink': next }),
  });

/** Looks at one policy; the replies come one after the other, whatever is asked. */
async function readWith(
  ...replies: readonly ReadReply[]
): Promise<{ result: ReadList | undefined; asked: string[] }> {
  const asked: string[] = [];
  const results = await readCurrentAssignments(
    [P1],
    async (urls) => {
      asked.push(...urls);
      const reply = replies[asked.length - 1];
      if (reply === undefined) throw new Error('asked once more than there are replies');
      return [reply];
    },
    BASE,
  );
  return { result: results.get(LIST), asked };
}

const idsIn = (result: ReadList | undefined): string[] | undefined =>
  result?.kind === 'list' ? result.assignments.map(({ id }) => id) : undefined;

test('a list is read to its end, page by page, with links made relative', async () => {
  const next = `${BASE}${LIST}?$skiptoken=x`;
  const { result, asked } = await readWith(page(['a', 'b'], next), page([], `${next}y`), page(['c'], null));
  expect(idsIn(result)).toEqual(['a', 'b', 'c']);
  expect(asked).toEqual([LIST, `${LIST}?$skiptoken=x`, `${LIST}?$skiptoken=xy`]);
});

test('each list is read once, whatever the number of rows in it, and twenty lists at a time', async () => {
  const sizes: number[] = [];
  const policies = Array.from({ length: 45 }, (_, i) => `p${i}`);
  const addresses = policies.flatMap((id) => [address(id, 'a'), address(id, 'b')]);
  const results = await readCurrentAssignments(
    addresses,
    async (urls) => {
      sizes.push(urls.length);
      return urls.map((url) => page([url]));
    },
    BASE,
  );
  expect(sizes).toEqual([20, 20, 5]);
  expect(results.size).toBe(45);
  // Each reply went to the list it was asked for.
  for (const [path, result] of results) expect(idsIn(result)).toEqual([path]);
});

test('nothing is asked when nothing is to be looked at', async () => {
  const send = async (): Promise<Reply[]> => expect.fail('nothing should be sent');
  expect((await readCurrentAssignments([], send, BASE)).size).toBe(0);
});

test.each([
  ['to another list', `${BASE}${LIST.replace('p1', 'p2')}?$skiptoken=x`],
  ['behind the list', `${BASE}${LIST}/a1`],
  ['above the list', `${BASE}${LIST}/../../p2/assignments`],
  ['to another version', `https://graph.microsoft.com/v1.0${LIST}?$skiptoken=x`],
  ['to a version that begins alike', `https://graph.microsoft.com/beta2${LIST}?$skiptoken=x`],
  ['to a place without a host', `${LIST}?$skiptoken=x`],
  ['to what is no address', `https://${BASE}%zz${LIST}`],
  ['to nowhere', ''],
  ['of a wrong type', 7],
])('a list whose next link leads %s is not shown in part', async (_, link) => {
  const { result, asked } = await readWith(page(['a'], link));
  expect(result).toMatchObject({ kind: 'refused', error: { code: 'ReadIncomplete' } });
  expect(asked).toHaveLength(1);
});

test.each([
  ['Graph itself, seen through a proxy', `https://graph.microsoft.com/beta${LIST}?$skiptoken=x`],
  ['a proxy with a path of its own', `https://proxy.example/graph/beta${LIST}?$skiptoken=x`],
  ['another region', `https://graph.microsoft.us/BETA${LIST.toUpperCase()}?$skiptoken=x`],
  ['the list in the other spelling', `${BASE}${LIST.replace('/p1/', "('p1')/")}?$skiptoken=x`],
])('a next link that names %s goes on with the same list, by path alone', async (_, link) => {
  const { result, asked } = await readWith(page(['a'], link), page(['b']));
  expect(idsIn(result)).toEqual(['a', 'b']);
  expect(asked[1]).toMatch(/^\/deviceManagement\/.*\?\$skiptoken=x$/i);
  expect(asked[1]).not.toMatch(/beta|https?:/i);
});

test('a list that leads in a circle ends, and is not shown in part', async () => {
  const circle = page(['a'], `${BASE}${LIST}`);
  const { result, asked } = await readWith(...Array.from({ length: 1000 }, () => circle));
  expect(result).toMatchObject({ kind: 'refused', error: { code: 'ReadIncomplete' } });
  expect(asked.length).toBeLessThanOrEqual(200);
});

test.each([
  ['no object', 'text'],
  ['without a value', {}],
  ['with a value that is no list', { value: {} }],
  ['with an entry without an id', { value: [{ target: {} }] }],
  ['with an entry without a target', { value: [{ id: 'a' }] }],
  ['with an entry that is null', { value: [null] }],
])('a page that is %s makes the whole list unreadable', async (_, body) => {
  const { result } = await readWith(page(['a'], `${BASE}${LIST}?2`), answered(200, body));
  expect(result).toMatchObject({ kind: 'refused', error: { code: 'ReadIncomplete' } });
});

test('a refused token is told as such, at once', async () => {
  const { result, asked } = await readWith(answered(401));
  expect(result?.kind).toBe('signIn');
  expect(asked).toHaveLength(1);
});

test.each([400, 403, 404, 405, 409, 410, 422])('a %i is the last word about the list', async (status) => {
  const error = { code: 'Code', message: 'said by Graph' };
  const { result, asked } = await readWith({ kind: 'answered', status, error, body: { error } });
  expect(result).toEqual({ kind: 'refused', status, error });
  expect(asked).toHaveLength(1);
});

test('a throttled page is asked for again as often as it takes, since the sender waits', async () => {
  const throttled = Array.from({ length: 30 }, () => answered(429));
  const { result, asked } = await readWith(...throttled, page(['a']));
  expect(idsIn(result)).toEqual(['a']);
  expect(new Set(asked)).toEqual(new Set([LIST]));
});

const LOST: Reply = { kind: 'lost', why: 'reset' };
const ERROR = { code: 'Code', message: 'said in between' };

test.each<readonly [string, ReadReply]>([
  ['a lost reply', LOST],
  ...[500, 502, 503, 504, 408, 423, 424, 425].map((status) => [`a ${status}`, answered(status)] as const),
  ['an envelope that was refused', { kind: 'envelopeRefused', status: 403, error: ERROR, isForeign: true }],
  [
    'a Graph that was not reached',
    { kind: 'unreached', error: { ...ERROR, remedy: 'Check.', passes: true } },
  ],
])('%s leaves the list unread, as its sender has asked as often as it makes sense', async (_, reply) => {
  const { result, asked } = await readWith(reply);
  expect(result).toMatchObject({ kind: 'unread', why: expect.stringMatching(/\w/) });
  expect(asked).toEqual([LIST]);
});

test.each([
  ['tooDeep', 'ReadIncomplete', 'levels deep'],
  ['token', 'TokenInReply', 'kept nowhere'],
] as const)('a list that was withheld (%s) is refused with the reason', async (withheld, code, words) => {
  const { result } = await readWith({ kind: 'answered', status: 200, body: undefined, withheld });
  expect(result).toMatchObject({
    kind: 'refused',
    error: { code, message: expect.stringContaining(words) },
  });
});

test('a list that is too large alone is told as such, and not asked for again', async () => {
  const { result, asked } = await readWith({ kind: 'lost', why: 'tooLarge', status: 200 });
  expect(result).toMatchObject({
    kind: 'refused',
    error: { code: 'ReadIncomplete', message: expect.stringContaining('too large to be read (32 MiB are)') },
  });
  expect(asked).toEqual([LIST]);
});

test('fewer replies than reads count as lost', async () => {
  const results = await readCurrentAssignments(
    [P1, address('p2')],
    async (urls) => (urls[0] === LIST ? [page(['a'])] : []),
    BASE,
  );
  expect([...results.values()].map(({ kind }) => kind)).toEqual(['list', 'unread']);
});

test('an entry keeps what this program does not know, and tells its source', async () => {
  const item = {
    id: 'a',
    target: { '@odata.type': '#microsoft.graph.newTarget', x: 1 },
    source: 'policySets',
    more: true,
  };
  const { result } = await readWith(answered(200, { value: [item] }));
  expect(result).toEqual({
    kind: 'list',
    assignments: [{ id: 'a', target: item.target, source: 'policySets', whole: item }],
  });
});
