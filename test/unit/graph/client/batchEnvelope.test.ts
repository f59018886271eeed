import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  BATCH_SIZE_MAX,
  envelopeOf,
  inOrderAsked as ofEnvelope,
} from '../../../../src/graph/client/batchEnvelope.ts';
import { tokenGuard } from '../../../../src/graph/auth/redact.ts';
import type { BatchRequest, Reply } from '../../../../src/graph/client/batchEnvelope.ts';

const patch = (n: number): BatchRequest => ({
  method: 'PATCH',
  url: `/deviceManagement/deviceConfigurations/p/assignments/${n}`,
  body: { n },
  clientRequestId: `try-${n}`,
});

/** To an envelope of so many requests, with the ids "0", "1", … */
const inOrderAsked = (count: number, responses: unknown, arrival = {}, token = 'opaque'): Reply[] =>
  ofEnvelope(
    { requests: Array.from({ length: count }, (_, n) => ({ id: String(n) })) },
    responses,
    tokenGuard(token),
    arrival,
  );

describe('the envelope that is sent', () => {
  test('gives each request its mark and place, and says the content type beside every body', () => {
    expect(envelopeOf([patch(7), { method: 'GET', url: '/x', clientRequestId: 'look' }], 'ab')).toEqual({
      requests: [
        {
          id: 'ab-0',
          method: 'PATCH',
          url: '/deviceManagement/deviceConfigurations/p/assignments/7',
          headers: { 'client-request-id': 'try-7', 'Content-Type': 'application/json' },
          body: { n: 7 },
        },
        { id: 'ab-1', method: 'GET', url: '/x', headers: { 'client-request-id': 'look' } },
      ],
    });
  });

  test('takes 20 requests, and neither 21 nor none', () => {
    const requests = Array.from({ length: BATCH_SIZE_MAX }, (_, n) => patch(n));
    expect(new Set(envelopeOf(requests, 'ab').requests.map(({ id }) => id.toUpperCase())).size).toBe(20);
    expect(() => envelopeOf([...requests, patch(20)], 'ab')).toThrow(RangeError);
    expect(() => envelopeOf([], 'ab')).toThrow(RangeError);
  });
});

describe('the replies that come back', () => {
  // A gateway can cut an envelope short. Taking silence for success would lose the change for good.
  test('replies that never came are lost, not done', () => {
    expect(inOrderAsked(2, [{ id: '0', status: 200 }])[1]).toEqual({ kind: 'lost', why: 'missing' });
  });

  test('one id with two statuses is lost, and a third reply does not mend it', () => {
    const both = [
      { id: '0', status: 200 },
      { id: '0', status: 404 },
      { id: '0', status: 200 },
    ];
    expect(inOrderAsked(1, both)).toEqual([{ kind: 'lost', why: 'ambiguous' }]);
  });

  test('one id twice with the same status: the first counts', () => {
    const twice = [
      { id: '0', status: 200, body: 'first' },
      { id: '0', status: 200, body: 'second' },
    ];
    expect(inOrderAsked(1, twice)).toMatchObject([{ kind: 'answered', status: 200, body: 'first' }]);
  });

  test.each([undefined, null, '200', 0, 100, 199, 200.5, 600, Number.NaN])(
    'a status of %s is none',
    (status) => {
      expect(inOrderAsked(1, [{ id: '0', status }])).toEqual([{ kind: 'lost', why: 'noStatus' }]);
    },
  );

  test('a redirect is lost: nobody knows what stands behind it', () => {
    expect(inOrderAsked(1, [{ id: '0', status: 302 }])).toEqual([
      { kind: 'lost', why: 'redirected', status: 302 },
    ]);
  });

  test.each([undefined, null, 'text', 5, {}, { length: 1 }])(
    'without a list of replies (%j) all are lost',
    (responses) => {
      expect(inOrderAsked(2, responses)).toEqual([
        { kind: 'lost', why: 'unreadable' },
        { kind: 'lost', why: 'unreadable' },
      ]);
    },
  );

  test('headers count in any letter case, and the inner error stands in for missing ones', () => {
    const [byHeader, byBody] = inOrderAsked(2, [
      {
        id: '0',
        status: 429,
        headers: { 'RETRY-AFTER': '2.128', 'Request-Id': 'r0', 'Client-Request-ID': 'c0' },
      },
      {
        id: '1',
        status: 403,
        body: {
          error: {
            code: 'Forbidden',
            message: 'No.',
            innerError: { 'request-id': 'r1', 'client-request-id': 'c1', date: '2026-11-21T10:00:00' },
          },
        },
      },
    ]);
    expect(byHeader).toMatchObject({
      retryAfterMs: 2128,
      requestId: 'r0',
      clientRequestId: 'c0',
      error: undefined,
    });
    expect(byBody).toMatchObject({
      retryAfterMs: undefined,
      requestId: 'r1',
      clientRequestId: 'c1',
      date: '2026-11-21T10:00:00',
      error: { code: 'Forbidden', message: 'No.' },
    });
  });

  test('a date to retry after is held against the Date of the envelope when the reply has none', () => {
    const throttled = { id: '0', status: 429, headers: { 'Retry-After': 'Sat, 21 Nov 2026 10:00:07 GMT' } };
    const [reply] = inOrderAsked(1, [throttled], { date: 'Sat, 21 Nov 2026 10:00:00 GMT', nowMs: 0 });
    expect(reply).toMatchObject({ retryAfterMs: 7000 });
  });

  // What walks through a reply, keeps it or writes it would overflow the stack, and a worker would try for ever.
  test.each([5_000, 200_000])('a body of %i levels is withheld, and the others are read', (levels) => {
    const deep = JSON.parse(`${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`) as unknown;
    const replies = inOrderAsked(3, [
      { id: '0', status: 200, body: deep },
      { id: '1', status: 200, body: { value: [deep] } },
      { id: '2', status: 200, body: { value: [] } },
    ]);
    expect(replies).toMatchObject([
      { status: 200, body: undefined, withheld: 'tooDeep' },
      { status: 200, body: undefined, withheld: 'tooDeep' },
      { status: 200, body: { value: [] } },
    ]);
  });

  describe.each([
    ['an opaque one', 'EwB4A8l6+BAAU/opaque0123456789=='],
    ['a JWT', `eyJhbGciOiJSUzI1NiJ9.${'a'.repeat(40)}.c2ln`],
  ])('a token that comes back (%s)', (_, token) => {
    const reply = (response: object): Reply | undefined =>
      inOrderAsked(1, [{ id: '0', status: 403, ...response }], {}, token)[0];

    test.each<readonly [string, object]>([
      ['in a message', { body: { error: { code: 'C', message: `bad ${token}!` } } }],
      ['in a code', { body: { error: { code: token, message: 'm' } } }],
      [
        'in a message within the message',
        { body: { error: { code: 'C', message: `{"Message":"${token}"}` } } },
      ],
      ['in an id of the request', { headers: { 'request-id': token, 'client-request-id': token } }],
      [
        'in an inner error',
        { body: { error: { code: 'C', message: 'm', innerError: { 'request-id': token, date: token } } } },
      ],
      ['in an approval code', { headers: { 'x-msft-approval-code': token } }],
      [
        'encoded for an address',
        { body: { error: { code: 'C', message: `x?t=${encodeURIComponent(token)}` } } },
      ],
      ['in the body of a success', { status: 200, body: { id: token } }],
      ['deep in a list', { status: 200, body: { value: [{ id: 'a', target: { note: `x${token}` } }] } }],
      ['as a name', { status: 200, body: { value: [{ id: 'a', [token]: 1 }] } }],
    ])('%s is handed on to nobody', (_where, response) => {
      const { body: _body, ...kept } = reply(response) as Extract<Reply, { kind: 'answered' }>;
      expect(JSON.stringify(kept)).not.toContain(token);
      expect(JSON.stringify(kept)).not.toContain(encodeURIComponent(token));
    });

    test('makes a body withheld, and its status counts', () => {
      expect(reply({ status: 200, body: { id: token } })).toMatchObject({
        ...{ kind: 'answered', status: 200, body: undefined, withheld: 'token' },
      });
    });
  });

  test('a success never carries an error, whatever its body says', () => {
    const [reply] = inOrderAsked(1, [{ id: '0', status: 200, body: { error: { code: 'x', message: 'y' } } }]);
    expect(reply).toMatchObject({ kind: 'answered', error: undefined });
  });
});

const id = (count: number) => fc.oneof(fc.nat(count + 3), fc.nat(count + 3).map(String));
const junk = fc.oneof(
  fc.anything(),
  fc.record({ id: fc.anything(), status: fc.constant(200) }),
  fc.record({ id: fc.constantFrom('__proto__', 'constructor', '-1', '00', '1e0'), status: fc.constant(200) }),
);
const statuses = fc.constantFrom<unknown>(200, 204, 404, 429, 500, 302, 'soon', undefined);

test('whatever comes, there is one reply per request, and it is the right one or lost', () => {
  const scenario = fc.integer({ min: 1, max: BATCH_SIZE_MAX }).chain((count) =>
    fc.record({
      count: fc.constant(count),
      responses: fc.array(
        fc.oneof({ weight: 4, arbitrary: fc.record({ id: id(count), status: statuses }) }, junk),
        {
          maxLength: 30,
        },
      ),
    }),
  );
  fc.assert(
    fc.property(scenario, ({ count, responses }) => {
      const replies = inOrderAsked(count, responses);
      expect(replies).toHaveLength(count);
      replies.forEach((reply, index) => {
        const told = statusesToldFor(index, responses);
        if (reply.kind === 'answered') expect(told).toEqual([reply.status]);
        else if (reply.why === 'missing') expect(told).toEqual([]);
        else if (reply.why === 'ambiguous') expect(told.length).toBeGreaterThan(1);
        else if (reply.why === 'redirected') expect(told).toEqual([302]);
        else expect(reply.why).toBe('noStatus');
      });
    }),
  );
});

test('a shuffled envelope of any size comes back in the order asked', () => {
  const shuffled = fc
    .integer({ min: 1, max: BATCH_SIZE_MAX })
    .map((count) => Array.from({ length: count }, (_, n) => ({ id: String(n), status: 200, body: n })))
    .chain((whole) => fc.shuffledSubarray(whole, { minLength: whole.length }));
  fc.assert(
    fc.property(shuffled, (responses) => {
      const bodies = inOrderAsked(responses.length, responses).map((r) =>
        r.kind === 'answered' ? r.body : r.why,
      );
      expect(bodies).toEqual(responses.map((_, n) => n));
    }),
  );
});

/** The different statuses that `responses` gives for one id; 'none' stands for every status that is none. */
function statusesToldFor(index: number, responses: readonly unknown[]): unknown[] {
  const told = responses.flatMap((response) => {
    if (typeof response !== 'object' || response === null || Array.isArray(response)) return [];
    const { id, status } = response as { id?: unknown; status?: unknown };
    if (id !== String(index)) return [];
    return [Number.isInteger(status) && Number(status) >= 200 && Number(status) <= 599 ? status : 'none'];
  });
  return [...new Set(told)];
}
