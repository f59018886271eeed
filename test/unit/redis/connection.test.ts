import { expect, test } from 'vitest';
import { describeTarget, openRedis } from '../../../src/redis/connection.ts';

const log = { info: () => {}, warn: () => {} };

test.each([
  [{ url: 'redis://ann:hunter2@redis.example:6380/2' }, 'redis://redis.example:6380/2'],
  [{ url: 'rediss://:hunter2@[::1]:6379' }, 'rediss://[::1]:6379'],
  [{ url: 'REDIS://host' }, 'redis://host:6379'],
  [
    { url: 'redis+sentinel://ann:hunter2@a,[::1]:7000/my%20master/3?sentinel_password=hunter2' },
    'redis+sentinel://a:26379,[::1]:7000/my master/3',
  ],
  [{ url: 'rediss+cluster://:hunter2@a:1,b' }, 'rediss+cluster://a:1,b:6379'],
  [{ socketPath: '/var/lib/retarget/redis.sock' }, '/var/lib/retarget/redis.sock'],
])('%o is shown without user and password', (target, shown) => {
  expect(describeTarget(target)).toBe(shown);
});

// ioredis itself would take the options after `?`, and an address without a host for a socket's path.
test.each([
  'http://hunter2@redis.example',
  'redis://',
  'redis://:hun#ter2@redis.example',
  'redis://redis.example/hunter2',
  'redis://redis.example/0?keyPrefix=hunter2',
  'redis://ann:hunter2%@redis.example',
  'redis://hunter2.example,b.example',
  'redis://:hunter2@',
  'redis+sentinel://:hunter2@a',
  'redis+sentinel://:hunter2@a/',
  'redis+sentinel://a,,b:hunter2/mymaster',
  'redis+sentinel://a/mymaster/hunter2',
  'redis+sentinel://a/mymaster?password=hunter2',
  'redis+sentinel://a/mymaster?sentinel_password=hunter2&sentinel_password=other',
  'redis+sentinel://a/mymaster?sentinel_password=hunter2%',
  'redis+cluster://:hunter2@a/1',
  'redis+cluster://a?keyPrefix=hunter2',
  'redis+other://hunter2',
  'hunter2',
  '',
])('the address %o is refused, without repeating it', async (url) => {
  const error: unknown = await openRedis({ url }, { patience: 'failFast', name: 'test', log }).catch(
    (reason: unknown) => reason,
  );
  expect(error).toMatchObject({ exitCode: 2, remedy: expect.stringContaining('percent-encode') });
  expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toMatch(/hunter2|hun#ter2/);
});
