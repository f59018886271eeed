import { request } from 'undici';
import { describe, expect, test } from 'vitest';
import type { FaultName } from '../../src/simulator/faults.ts';
import type { SimulatorOptions, Simulator } from '../../src/simulator/simulator.ts';
import { batch, call, groupTarget, simulator, TOKEN_HEADERS, write } from '../support/simulatorClient.ts';

const A1 = '/deviceManagement/deviceConfigurations/c1/assignments/a1';
const A2 = '/deviceManagement/deviceConfigurations/c1/assignments/a2';
const requests = [write('1', A1, groupTarget('x')), write('2', A2, groupTarget('x'))];

const scripted = (fault: FaultName, more: SimulatorOptions = {}, request?: number): Promise<Simulator> =>
  simulator({ script: [{ envelope: 1, fault, ...(request !== undefined && { request }) }], ...more });
const isApplied = ({ tenant }: Simulator): boolean => tenant.at(A1)?.target.groupId === 'x';

/** The envelope as it comes over the wire, or the code of the error instead. */
async function raw(
  graph: Simulator,
  signal?: AbortSignal,
): Promise<{ status: number; text: string } | { failed: string }> {
  try {
    const response = await fetch(`${graph.url}/beta/$batch`, {
      method: 'POST',
      redirect: 'manual',
      headers: { ...TOKEN_HEADERS, 'content-type': 'application/json' },
      body: JSON.stringify({ requests }),
      ...(signal && { signal }),
    });
    return { status: response.status, text: await response.text() };
  } catch (error) {
    const { cause, name } = error as Error & { cause?: { code?: string } };
    return { failed: cause?.code ?? name };
  }
}

describe('a fault of one request', () => {
  test.each([
    ['error500', 500, false],
    ['error500Applied', 500, true],
    ['unavailable503', 503, false],
  ] as const)('%s', async (fault, status, applied) => {
    const graph = await scripted(fault, {}, 0);
    expect((await batch(graph, requests)).map((reply) => reply.status)).toEqual([status, 200]);
    expect(isApplied(graph)).toBe(applied);
    expect((await batch(graph, requests)).map((reply) => reply.status)).toEqual([200, 200]);
    expect(graph.stats().faults).toEqual({ [fault]: 1 });
  });

  test.each([
    ['lost', true],
    ['lostUnapplied', false],
  ] as const)('%s leaves the reply out of the envelope', async (fault, applied) => {
    const graph = await scripted(fault, {}, 0);
    expect((await batch(graph, requests)).map(({ id }) => id)).toEqual(['2']);
    expect(isApplied(graph)).toBe(applied);
    expect(graph.stats().replies).toEqual({ 200: 1, lost: 1 });
    await batch(graph, requests);
    // The reply for the first one never came, so writing it again was no waste; the second one was told.
    expect(graph.stats().writtenAgain).toEqual([A2]);
  });

  test('withoutId', async () => {
    const graph = await scripted('withoutId', {}, 0);
    const [first, second] = await batch(graph, requests);
    expect([first?.status, first?.id, second?.id]).toEqual([200, undefined, '2']);
    await batch(graph, requests);
    expect(graph.stats().writtenAgain).toEqual([A2]);
  });

  test('ignored answers with what was there before, and changes nothing', async () => {
    const graph = await scripted('ignored', {}, 0);
    const [first] = await batch(graph, requests);
    expect(first).toMatchObject({ status: 200, body: { id: 'a1', target: groupTarget('g1') } });
    expect(isApplied(graph)).toBe(false);
    expect(graph.stats()).toMatchObject({ writesArrived: 2, writesDone: 1 });
  });

  test('a 503 says when to come back if it is told to', async () => {
    const graph = await scripted('unavailable503', { unavailableRetryAfterSeconds: 3 });
    expect((await batch(graph, requests))[0]?.headers['Retry-After']).toBe('3');
  });
});

describe('a write that is refused in passing', () => {
  test.each([
    ['conflict409', 409, 'Conflict'],
    ['precondition412', 412, 'PreconditionFailed'],
    ['missing404', 404, 'ResourceNotFound'],
  ] as const)('%s', async (fault, status, code) => {
    const graph = await scripted(fault, {}, 0);
    const [refused, other] = await batch(graph, requests);
    expect([refused?.status, refused?.body.error?.code, other?.status]).toEqual([status, code, 200]);
    expect(isApplied(graph)).toBe(false);
    expect((await batch(graph, requests))[0]?.status).toBe(200);
  });

  test('by --first-writes stands in the list all the while', async () => {
    const graph = await simulator({ firstWrites: [{ status: 404, times: 1 }] });
    const patch = (path: string) => call(graph, 'PATCH', `/beta${path}`, { target: groupTarget('x') });
    expect((await patch(A1)).status).toBe(404);
    expect((await call(graph, 'GET', `/beta${A1}`)).status).toBe(200);
    expect((await patch(A1)).status).toBe(200);
    graph.reconfigure({ firstWrites: [{ status: 412, times: 1 }] });
    expect([(await patch(A1)).status, (await patch(A1)).status]).toEqual([412, 200]);
  });
});

test('an outage of reads is a 503 for those of Intune, and writes go through', async () => {
  const graph = await simulator({ unavailableRetryAfterSeconds: 2 });
  const inner = [
    { id: 'r', method: 'GET', url: A1 },
    { id: 'g', method: 'GET', url: '/groups/g1' },
    write('w', A1, groupTarget('x')),
  ];
  const statuses = async () => (await batch(graph, inner)).map(({ status }) => status);
  expect(await statuses()).toEqual([200, 200, 200]);
  graph.reconfigure({ readOutages: [{ by: 'reads', from: 2, to: 3 }] });
  expect(await statuses()).toEqual([200, 200, 200]);
  const [read] = await batch(graph, inner);
  expect(read).toMatchObject({ status: 503, headers: { 'Retry-After': '2' } });
  expect(await statuses()).toEqual([200, 200, 200]);
  graph.reconfigure({ readOutages: [{ by: 'ms', from: 0, to: 3_600_000 }] });
  expect(await statuses()).toEqual([503, 200, 200]);
  expect(graph.stats().faults).toEqual({ readOutages: 2 });
});

describe('a late write', () => {
  test.each([
    ['lostLate', { status: 200, text: '{"responses":[]}' }],
    ['error500Late', { status: 200, text: expect.stringContaining('InternalServerError') }],
    ['timeoutLate', { status: 200, text: expect.stringContaining('GatewayTimeout') }],
    ['resetLate', { failed: 'ECONNRESET' }],
  ] as const)('by %s lands when nobody waits for it any more', async (fault, expected) => {
    const graph = await scripted(fault, { lateMs: 300 });
    expect(await raw(graph)).toEqual(expected);
    expect(isApplied(graph)).toBe(false);
    await expect.poll(() => graph.stats().writesLandedLate).toBe(2);
    expect(isApplied(graph)).toBe(true);
    expect(graph.stats()).toMatchObject({ writesArrived: 2, writesDone: 0, faults: expect.anything() });
  });

  test('by halfOpenLate lands after its sender has given up', async () => {
    const graph = await scripted('halfOpenLate', { lateMs: 200 });
    const giveUp = new AbortController();
    const waiting = raw(graph, giveUp.signal);
    await expect.poll(() => graph.stats().writesArrived).toBe(2);
    giveUp.abort();
    expect(await waiting).toEqual({ failed: 'AbortError' });
    expect(isApplied(graph)).toBe(false);
    await expect.poll(() => isApplied(graph)).toBe(true);
  });

  test('overwrites what came in between, and finds nothing when that is gone', async () => {
    const graph = await scripted('timeoutLate', { lateMs: 200 });
    await batch(graph, requests);
    await call(graph, 'PATCH', `/beta${A1}`, { target: groupTarget('between') });
    graph.edit([{ do: 'remove', type: 'deviceConfiguration', policyId: 'c1', assignmentId: 'a2' }]);
    await expect.poll(() => isApplied(graph)).toBe(true);
    expect(graph.stats().writesLandedLate).toBe(1);
  });

  test('never lands once the simulator is closed', async () => {
    const graph = await scripted('resetLate', { lateMs: 50 });
    await raw(graph);
    await graph.close();
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(isApplied(graph)).toBe(false);
  });
});

describe('an answer of a proxy', () => {
  const reads = [{ id: 'r', method: 'GET', url: A1 }];
  // Not `fetch`, which makes a network error of a 407.
  const envelopeOf = async (graph: Simulator, inner: readonly object[]) => {
    const { statusCode, headers, body } = await request(`${graph.url}/beta/$batch`, {
      method: 'POST',
      headers: { ...TOKEN_HEADERS, 'content-type': 'application/json' },
      body: JSON.stringify({ requests: inner }),
    });
    return { status: statusCode, type: headers['content-type'], text: await body.text() };
  };

  test.each(['proxy403', 'proxy404', 'proxy407'] as const)('%s', async (fault) => {
    const graph = await simulator({ faults: { [fault]: 1 } });
    const answered = await envelopeOf(graph, reads);
    expect(answered).toEqual({
      status: Number(fault.slice(-3)),
      type: 'text/html',
      text: expect.stringMatching(/^<html>/),
    });
    // With a write in it an envelope goes through.
    expect((await envelopeOf(graph, [...reads, ...requests])).status).toBe(200);
    expect(graph.stats().requests).toEqual({ GET: 1, PATCH: 2 });
  });

  test('comes as often as told', async () => {
    const graph = await simulator({ proxyReads: [{ status: 407, times: 2 }] });
    const statuses = [];
    for (const inner of [requests, reads, reads, reads])
      statuses.push((await envelopeOf(graph, inner)).status);
    expect(statuses).toEqual([200, 407, 407, 200]);
    graph.reconfigure({ proxyReads: [{ status: 403, times: 1 }] });
    expect((await envelopeOf(graph, reads)).status).toBe(403);
  });
});

describe('a fault of the exchange that applies nothing', () => {
  test.each([
    ['unauthorized', { status: 401, text: expect.stringContaining('InvalidAuthenticationToken') }],
    ['throttled', { status: 429, text: expect.stringContaining('TooManyRequests') }],
    ['html502', { status: 502, text: expect.stringMatching(/^<html>/) }],
    ['html503', { status: 503, text: expect.stringMatching(/^<html>/) }],
    ['redirect', { status: 302, text: '' }],
    ['resetBefore', { failed: 'ECONNRESET' }],
  ] as const)('%s', async (fault, expected) => {
    const graph = await scripted(fault);
    expect(await raw(graph)).toEqual(expected);
    expect(isApplied(graph)).toBe(false);
    expect(graph.stats().writesArrived).toBe(0);
    expect(await raw(graph)).toHaveProperty('status', 200);
  });

  test('halfOpen is never answered, and closing ends it', async () => {
    const graph = await scripted('halfOpen');
    const waiting = raw(graph);
    await expect.poll(() => graph.stats().faults).toEqual({ halfOpen: 1 });
    expect(isApplied(graph)).toBe(false);
    await graph.close();
    expect(await waiting).toHaveProperty('failed');
  });

  test('who follows a redirect is noticed', async () => {
    const graph = await scripted('redirect');
    await fetch(`${graph.url}/beta/$batch`, { method: 'POST', headers: TOKEN_HEADERS, body: '{}' });
    expect(graph.stats().redirectsFollowed).toBe(1);
  });
});

describe('a fault of the way back, after everything was applied', () => {
  test.each([
    ['resetAfter', { failed: 'ECONNRESET' }],
    ['cutBody', { failed: 'UND_ERR_SOCKET' }],
  ] as const)('%s', async (fault, expected) => {
    const graph = await scripted(fault);
    expect(await raw(graph)).toEqual(expected);
    expect(isApplied(graph)).toBe(true);
    expect(graph.stats().exchanges).toEqual({ none: 1 });
  });

  test('cutJson is complete HTTP around half a text', async () => {
    const graph = await scripted('cutJson');
    const reply = await raw(graph);
    expect(reply).toMatchObject({ status: 200, text: expect.stringMatching(/^\{"responses":\[/) });
    expect(() => JSON.parse('text' in reply ? reply.text : '{}')).toThrow(SyntaxError);
    expect(isApplied(graph)).toBe(true);
  });

  test('shuffled', async () => {
    const graph = await scripted('shuffled');
    expect((await batch(graph, requests)).map(({ id }) => id)).toEqual(['2', '1']);
  });

  test('slow: who does not wait does not see what was done', async () => {
    const graph = await scripted('slow', { slowMs: 60_000 });
    const giveUp = new AbortController();
    const waiting = raw(graph, giveUp.signal);
    await expect.poll(() => isApplied(graph)).toBe(true);
    giveUp.abort();
    expect(await waiting).toEqual({ failed: 'AbortError' });
  });
});

test('latency delays a reply, and close ends it', async () => {
  const graph = await simulator({ latencyMs: 60_000 });
  const waiting = raw(graph);
  await expect.poll(() => graph.stats().envelopes).toBe(1);
  await graph.close();
  expect(await waiting).toHaveProperty('failed');
});

test('faults by chance are the same for the same seed', async () => {
  const history = async (seed: number): Promise<number[]> => {
    const graph = await simulator({ seed, faults: { error500: 0.3, unavailable503: 0.2 } });
    const seen: number[] = [];
    for (let round = 0; round < 10; round += 1) {
      seen.push((await call(graph, 'PATCH', `/beta${A1}`, { target: groupTarget('x') })).status);
    }
    return seen;
  };
  const first = await history(5);
  expect(new Set(first).size).toBeGreaterThan(1);
  expect(await history(5)).toEqual(first);
});

test('a new script counts envelopes from when it was set', async () => {
  const graph = await simulator();
  await batch(graph, requests);
  graph.reconfigure({ script: [{ envelope: 2, fault: 'html502' }] });
  const statuses = [];
  for (let round = 0; round < 3; round += 1) {
    const reply = await raw(graph);
    statuses.push('status' in reply ? reply.status : reply.failed);
  }
  expect(statuses).toEqual([200, 502, 200]);
});
