import { describe, expect, test } from 'vitest';
import type { Reply } from '../../../../src/graph/client/batchEnvelope.ts';
import type { EnvelopeReply, GraphClient } from '../../../../src/graph/client/graphClient.ts';
import type { SendReads } from '../../../../src/graph/reads/reading.ts';
import type { Limiter } from '../../../../src/worker/limiter/limiter.ts';
import { paceOf, type Pace } from '../../../../src/worker/limiter/pace.ts';
import { readsWithin } from '../../../../src/worker/limiter/permittedReads.ts';

/** Waits of a millisecond and a few. */
const QUICK: Pace = { ...paceOf(100, 40), unreachedWaitMs: 4, outageMaxMs: 60_000, silenceTellMs: 60_000 };
const NEVER = new AbortController().signal;

const answered = (status: number, more: object = {}): Reply => ({
  kind: 'answered',
  status,
  body: {},
  ...more,
});
const OK = answered(200);
const BUSY = answered(503, { error: { code: 'ServiceUnavailable', message: 'busy.' } });
const LOST: Reply = { kind: 'lost', why: 'reset' };
const replies = (...each: readonly Reply[]): EnvelopeReply => ({ kind: 'replies', replies: each });
const AWAY: EnvelopeReply = {
  kind: 'unreached',
  error: { code: 'ECONNREFUSED', message: 'It refused.', remedy: 'Check it.', passes: true },
};
const UNTRUSTED: EnvelopeReply = {
  kind: 'unreached',
  error: { code: 'CERT', message: 'It is not trusted.', remedy: 'Trust it.', passes: false },
};
const refused = (status: number, isForeign: boolean): EnvelopeReply => ({
  ...{ kind: 'refused', status, isForeign, error: { code: `Http${status}`, message: 'A page.' } },
});

/** What is asked for together, what comes back, and what a person is told. The last answer stays. */
function sender(
  answers: readonly EnvelopeReply[],
  {
    pace = QUICK,
    isCommand = true,
    signal = NEVER,
  }: { pace?: Pace; isCommand?: boolean; signal?: AbortSignal } = {},
): { send: SendReads; asked: string[][]; told: string[] } {
  const asked: string[][] = [];
  const told: string[] = [];
  const graph: GraphClient = {
    async postBatch(requests) {
      asked.push(requests.map(({ url }) => url));
      const answer = answers[Math.min(asked.length, answers.length) - 1];
      if (answer === undefined) throw new Error('there is no answer');
      return answer;
    },
    close: async () => undefined,
  };
  // Of the limiter a sender needs no more than that its reads are let through.
  const limiter: Limiter = {
    pace,
    of: () => limiter,
    backOffOthers: async () => undefined,
    read: (_: unknown, send: (ms: number) => unknown) => send(1_000),
  } as unknown as Limiter;
  const patience = { outageMaxMs: pace.outageMaxMs, tell: (text: string) => void told.push(text) };
  const send = readsWithin(
    { limiter, graph, random: () => 0.5, ...(isCommand && { patience }) },
    isCommand ? undefined : 'run',
    signal,
  );
  return { send, asked, told };
}

test('only what gave no answer is asked for again, and each reply stands in its place', async () => {
  const { send, asked } = sender([replies(OK, LOST, BUSY), replies(BUSY, OK), replies(answered(404))]);
  expect(await send(['a', 'b', 'c'])).toEqual([OK, answered(404), OK]);
  expect(asked).toEqual([['a', 'b', 'c'], ['b', 'c'], ['b']]);
});

test('a Graph that is busy in the middle is waited for, and told of once and once when it is back', async () => {
  const { send, told } = sender([
    replies(OK),
    ...Array.from({ length: 9 }, () => replies(BUSY)),
    replies(OK),
  ]);
  await send(['a']);
  expect(await send(['b'])).toEqual([OK]);
  expect(told).toEqual([
    'Graph answered 503 ServiceUnavailable: busy; waiting for Graph, 60 s at most.',
    'Graph answers again.',
  ]);
});

test.each([503, 502, 504, 423])('the Retry-After of a %i is heeded', async (status) => {
  const { send } = sender([replies(answered(status, { retryAfterMs: 60 })), replies(OK)]);
  const from = performance.now();
  await send(['a']);
  expect(performance.now() - from).toBeGreaterThanOrEqual(59);
});

test('a wait that Graph asks for and that is longer than anybody waits ends it at once', async () => {
  const asksForAnHour = answered(503, { retryAfterMs: 3_600_000 });
  const { send, asked } = sender([replies(asksForAnHour)]);
  expect(await send(['a'])).toEqual([asksForAnHour]);
  expect(asked).toHaveLength(1);
});

test('an outage that does not end is given up when its time is over', async () => {
  const { send, asked } = sender([replies(OK), replies(BUSY)], { pace: { ...QUICK, outageMaxMs: 500 } });
  await send(['a']);
  expect(await send(['b'])).toEqual([BUSY]);
  expect(asked.length).toBeGreaterThan(3);
});

test.each<readonly [string, EnvelopeReply]>([
  ['not reached', AWAY],
  ['silent', replies(LOST)],
])('a Graph that is %s in the middle is waited for like a busy one', async (_, away) => {
  const { send, told } = sender([replies(OK), ...Array.from({ length: 9 }, () => away), replies(OK)]);
  await send(['a']);
  expect(await send(['b'])).toEqual([OK]);
  expect(told).toHaveLength(2);
});

test('a Graph that was never reached is not waited for: its call has tried already', async () => {
  const { send, asked } = sender([AWAY]);
  expect(await send(['a'])).toMatchObject([{ kind: 'unreached' }]);
  expect(asked).toHaveLength(1);
});

test('what never passes is not waited for, not even in the middle', async () => {
  const { send, asked } = sender([replies(OK), UNTRUSTED]);
  await send(['a']);
  expect(await send(['b'])).toMatchObject([{ kind: 'unreached', error: { code: 'CERT' } }]);
  expect(asked).toHaveLength(2);
});

test('a 500 is asked for three times, as it mostly stays so', async () => {
  const { send, asked } = sender([replies(answered(500))]);
  expect(await send(['a'])).toEqual([answered(500)]);
  expect(asked).toHaveLength(3);
});

test('a worker gives a busy Graph up soon, and puts its batch back', async () => {
  const { send, asked } = sender([replies(OK), replies(BUSY)], { isCommand: false });
  await send(['a']);
  expect(await send(['b'])).toEqual([BUSY]);
  expect(asked.length).toBeLessThan(6);
});

test.each([400, 403, 404, 407, 413])(
  'a whole batch that is refused with %i says nothing of its reads',
  async (status) => {
    const { send, asked } = sender([refused(status, false)]);
    expect(await send(['a', 'b'])).toMatchObject([
      { kind: 'envelopeRefused', status },
      { kind: 'envelopeRefused', status },
    ]);
    expect(asked).toHaveLength(1);
  },
);

test('a page that something in between shows by mistake is no refusal', async () => {
  const { send } = sender([refused(407, true), replies(OK)]);
  expect(await send(['a'])).toEqual([OK]);
});

test.each([401, 429])('a %i for all is one for each', async (status) => {
  const { send } = sender([refused(status, false)]);
  expect(await send(['a', 'b'])).toMatchObject([
    { kind: 'answered', status },
    { kind: 'answered', status },
  ]);
});

describe('what is too much together', () => {
  /** Each read has its size, and an envelope holds ten. */
  const sizes: Readonly<Record<string, number>> = { a: 4, b: 4, c: 4, d: 11, e: 1 };
  const graphOf = (asked: string[][]): GraphClient => ({
    async postBatch(requests) {
      const urls = requests.map(({ url }) => url);
      asked.push(urls);
      const size = urls.reduce((sum, url) => sum + (sizes[url] ?? 0), 0);
      return replies(...urls.map((): Reply => (size > 10 ? { kind: 'lost', why: 'tooLarge' } : OK)));
    },
    close: async () => undefined,
  });
  const limiter: Limiter = {
    pace: QUICK,
    of: () => limiter,
    backOffOthers: async () => undefined,
    read: (_: unknown, send: (ms: number) => unknown) => send(1_000),
  } as unknown as Limiter;

  test('is asked for in halves, down to the one that is too much alone', async () => {
    const asked: string[][] = [];
    const send = readsWithin({ limiter, graph: graphOf(asked) }, 'run', NEVER);
    expect(await send(['a', 'b', 'c', 'd', 'e'])).toEqual([
      OK,
      OK,
      OK,
      { kind: 'lost', why: 'tooLarge' },
      OK,
    ]);
    expect(asked.map((urls) => urls.join(''))).toEqual(['abcde', 'abc', 'ab', 'c', 'de', 'd', 'e']);
  });
});

test('a wait ends with the signal', async () => {
  const controller = new AbortController();
  const { send, told } = sender([replies(OK), replies(answered(503, { retryAfterMs: 30_000 }))], {
    signal: controller.signal,
  });
  await send(['a']);
  const ended = send(['b']).catch((error: unknown) => error);
  await expect.poll(() => told.length).toBe(1);
  controller.abort();
  expect(await ended).toMatchObject({ name: 'AbortError' });
});

test('a call that takes long is told of while it lasts', async () => {
  const late = Promise.withResolvers<EnvelopeReply>();
  const told = Promise.withResolvers<string>();
  const pace = { ...QUICK, silenceTellMs: 5 };
  const limiter: Limiter = {
    pace,
    of: () => limiter,
    backOffOthers: async () => undefined,
    read: (_: unknown, send: (ms: number) => unknown) => send(1_000),
  } as unknown as Limiter;
  const graph: GraphClient = { postBatch: () => late.promise, close: async () => undefined };
  const patience = { outageMaxMs: 1_000, tell: told.resolve };
  const reading = readsWithin({ limiter, graph, patience }, undefined, NEVER)(['a']);
  expect(await told.promise).toMatch(/Graph has not answered for/);
  late.resolve(replies(OK));
  expect(await reading).toEqual([OK]);
});
