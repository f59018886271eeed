import fc from 'fast-check';
import { expect, test } from 'vitest';
import { describeAddress, parseAddress } from '../../../src/redis/address.ts';

test('the parts of an address of one Redis', () => {
  expect(parseAddress('rediss://ann:p%40ss@redis.example:6380/2')).toEqual({
    kind: 'single',
    isTls: true,
    username: 'ann',
    password: 'p@ss',
    host: { host: 'redis.example', port: 6380 },
    db: 2,
  });
});

test('what is not said is as Redis has it', () => {
  expect(parseAddress(' redis://[::1] ')).toEqual({
    kind: 'single',
    isTls: false,
    username: undefined,
    password: undefined,
    host: { host: '::1', port: 6379 },
    db: 0,
  });
});

test('the user before the hosts is that of Redis, the settings behind are those of the sentinels', () => {
  expect(
    parseAddress(
      'redis+sentinel://:data@a,b:7000/my%20master/3?sentinel_username=bob&sentinel_password=w%26',
    ),
  ).toEqual({
    kind: 'sentinel',
    isTls: false,
    username: undefined,
    password: 'data',
    hosts: [
      { host: 'a', port: 26_379 },
      { host: 'b', port: 7000 },
    ],
    masterName: 'my master',
    db: 3,
    sentinelUsername: 'bob',
    sentinelPassword: 'w&',
  });
});

test('the nodes of a cluster, which has one database only', () => {
  const nodes = [
    { host: 'a', port: 6379 },
    { host: '10.0.0.1', port: 7001 },
  ];
  for (const text of ['rediss+cluster://ann:x@a,10.0.0.1:7001', 'rediss+cluster://ann:x@a,10.0.0.1:7001/0'])
    expect(parseAddress(text)).toMatchObject({ kind: 'cluster', isTls: true, username: 'ann', hosts: nodes });
});

test('any user and password come through, and are never shown', () => {
  const secret = fc.string({ minLength: 8, unit: 'grapheme' }).map((text) => `${text}S`);
  fc.assert(
    fc.property(secret, secret, fc.constantFrom('', '+cluster', '+sentinel'), (username, password, kind) => {
      const user = `${encodeURIComponent(username)}:${encodeURIComponent(password)}`;
      const address = parseAddress(`redis${kind}://${user}@a:1${kind === '+sentinel' ? '/m' : ''}`);
      expect(address).toMatchObject({ username, password });
      expect(describeAddress(address)).toBe(`redis${kind}://a:1${kind === '+sentinel' ? '/m' : ''}`);
    }),
  );
});

test('what an address is described by leads to the same place', () => {
  for (const text of [
    'redis://a:1/2',
    'rediss://[::1]:6379',
    'redis+sentinel://a:1,b:2/m/4',
    'redis+cluster://a:1,b:2',
  ])
    expect(describeAddress(parseAddress(text))).toBe(text);
});
