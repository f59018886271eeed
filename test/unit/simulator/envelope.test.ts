import { describe, expect, test } from 'vitest';
import { readEnvelope } from '../../../src/simulator/envelope.ts';

const get = (id: unknown, more: object = {}): object => ({
  id,
  method: 'GET',
  url: '/deviceManagement/deviceConfigurations/p1',
  ...more,
});
const read = (requests: unknown) => readEnvelope({ kind: 'json', value: { requests } }, 'beta');
const orderOf = (requests: unknown): string[] => {
  const envelope = read(requests);
  if ('refused' in envelope) throw new Error(envelope.refused.message);
  return envelope.requests.map(({ id }) => id);
};

test('twenty requests are taken, in their order', () => {
  const ids = Array.from({ length: 20 }, (_, index) => `r${index}`);
  expect(orderOf(ids.map((id) => get(id)))).toEqual(ids);
});

test('header names are read in any letter case, and bodies are JSON', () => {
  const patch = {
    id: '1',
    method: 'patch',
    url: 'x',
    headers: { 'CONTENT-type': 'application/json' },
    body: { a: 1 },
  };
  expect(read([patch])).toEqual({
    requests: [
      {
        id: '1',
        dependsOn: undefined,
        request: {
          version: 'beta',
          method: 'PATCH',
          url: 'x',
          headers: { 'content-type': 'application/json' },
          body: { kind: 'json', value: { a: 1 } },
        },
      },
    ],
  });
});

describe('a malformed envelope is refused as a whole', () => {
  test.each<[string, unknown, RegExp]>([
    ['no requests', [], /Invalid batch payload/],
    ['requests that are no list', {}, /Invalid batch payload/],
    ['21 requests', Array.from({ length: 21 }, (_, index) => get(String(index))), /maximum value of 20/],
    ['a missing id', [get(undefined)], /needs an id/],
    ['an id that is a number', [get(1)], /needs an id/],
    ['ids that differ in case only', [get('a'), get('A')], /unique/],
    ['an absolute url', [get('1', { url: 'https://graph.microsoft.com/beta/deviceManagement' })], /relative/],
    ['a url with a host', [get('1', { url: '//graph.microsoft.com/beta' })], /relative/],
    ['a missing url', [get('1', { url: undefined })], /method and a url/],
    ['a write without content type', [get('1', { method: 'PATCH', body: {} })], /Content-Type/],
    [
      'a write without body',
      [get('1', { method: 'PATCH', headers: { 'content-type': 'application/json' } })],
      /or body/,
    ],
    ['headers that are no object', [get('1', { headers: 'a' })], /headers/],
    ['dependence on a stranger', [get('1'), get('2', { dependsOn: ['9'] })], /wholly/],
    ['dependence in a ring', [get('1', { dependsOn: ['2'] }), get('2', { dependsOn: ['1'] })], /wholly/],
    ['dependence of some', [get('1'), get('2', { dependsOn: ['1'] }), get('3')], /wholly/],
    ['dependence on two', [get('1'), get('2'), get('3', { dependsOn: ['1', '2'] })], /list with one id/],
  ])('%s', (_, requests, message) => {
    expect(read(requests)).toEqual({
      refused: expect.objectContaining({
        status: 400,
        born: 'gateway',
        message: expect.stringMatching(message),
      }),
    });
  });

  test('a body that is no JSON', () => {
    expect(readEnvelope({ kind: 'broken' }, 'beta')).toHaveProperty('refused.status', 400);
  });
});

test('serial requests and those that all hang on one are taken, the first one first', () => {
  expect(orderOf([get('1'), get('2', { dependsOn: ['1'] }), get('3', { dependsOn: ['2'] })])).toEqual([
    '1',
    '2',
    '3',
  ]);
  expect(orderOf([get('2', { dependsOn: ['1'] }), get('1'), get('3', { dependsOn: ['1'] })])).toEqual([
    '1',
    '2',
    '3',
  ]);
});
