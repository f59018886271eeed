import { expect, test } from 'vitest';
import { redisCli, redisCliOf } from '../../../src/redis/redisCli.ts';
import type { RedisFiles } from '../../../src/redis/files.ts';

const serverOf = (url: string, files: RedisFiles = {}): string => redisCli({ url, files }).server;
const SECRET = 's3cret';

test.each<[string, RedisFiles, string]>([
  ['redis://127.0.0.1:7719', {}, 'redis-cli -u redis://127.0.0.1:7719'],
  ['redis://cache.example', {}, 'redis-cli -u redis://cache.example:6379'],
  [`redis://:${SECRET}@h:1/3`, {}, 'redis-cli -u redis://h:1 --askpass'],
  [`redis://ada:${SECRET}@h:1`, {}, 'redis-cli -u redis://h:1 --user ada --askpass'],
  [`redis://a%20b:${SECRET}@h:1`, {}, "redis-cli -u redis://h:1 --user 'a b' --askpass"],
  ['redis://h:1', { REDIS_PASSWORD_FILE: '/run/pw' }, 'redis-cli -u redis://h:1 --askpass'],
  ['redis://[::1]:7', {}, 'redis-cli -h ::1 -p 7'],
  ['rediss://[::1]:7', {}, 'redis-cli -h ::1 -p 7 --tls'],
  [
    'rediss://h:2',
    { REDIS_TLS_CA_FILE: '/my ca.pem', REDIS_TLS_CERT_FILE: '/c.pem', REDIS_TLS_KEY_FILE: '/k.pem' },
    "redis-cli -u rediss://h:2 --cacert '/my ca.pem' --cert /c.pem --key /k.pem",
  ],
])('redis-cli goes where %s does, with its certificates and without its password', (url, files, expected) => {
  expect(serverOf(url, files)).toBe(expected);
});

test('a socket is named, also one with a blank in its path', () => {
  expect(redisCli({ socketPath: '/data/redis.sock' }).server).toBe('redis-cli -s /data/redis.sock');
  expect(redisCli({ socketPath: "/o'data dir/r" }).server).toBe(`redis-cli -s '/o'\\''data dir/r'`);
});

test('behind sentinels there are two ways: to the master that is known, and to a sentinel', () => {
  const url = `redis+sentinel://ada:${SECRET}@s1:26379,s2:26379/main?sentinel_password=${SECRET}2`;
  expect(redisCli({ url }, { host: '10.0.0.7', port: 6380 })).toMatchObject({
    server: 'redis-cli -u redis://10.0.0.7:6380 --user ada --askpass',
    sentinel: 'redis-cli -u redis://s1:26379 --askpass',
  });
  expect(redisCli({ url }).server).toContain('redis://MASTER:PORT');
});

test('a setting of a cluster is changed on every node of it', () => {
  expect(redisCli({ url: `rediss+cluster://ada:${SECRET}@n1:1,n2:2` })).toMatchObject({
    server: 'redis-cli -u rediss://n1:1 --user ada --askpass',
    every: 'redis-cli --tls --user ada --askpass --cluster call n1:1',
    check: 'redis-cli --tls --user ada --askpass --cluster check n1:1',
  });
});

test('an administrator is not our user, whose name the rights are for', () => {
  const { admin, user } = redisCli({ url: `redis://ada:${SECRET}@h:1` });
  expect([admin, user]).toEqual(['redis-cli -u redis://h:1 --askpass', 'ada']);
});

test.each([
  ['x.abc123.0001.euw1.cache.amazonaws.com', 'parameter group of the ElastiCache'],
  ['mine.redis.cache.windows.net', 'Azure portal'],
  ['mine.westeurope.redis.azure.net', 'Azure portal'],
  ['redis-1.c1.eu-west-1-1.ec2.redns.redis-cloud.com', 'Redis Cloud'],
  ['10.0.0.3', 'settings of your Redis service'],
])('the service at %s is named by where its settings are', (host, words) => {
  expect(redisCli({ url: `rediss://${host}:6380` }).service).toContain(words);
});

test('of a client that nobody knows, no address is made up', () => {
  expect(redisCliOf(undefined).server).toBe('redis-cli');
});
