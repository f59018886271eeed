import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { redisFailure } from '../../../src/redis/failure.ts';
import { rememberTarget } from '../../../src/redis/redisCli.ts';

test.each([
  ["OOM command not allowed when used memory > 'maxmemory'.", 'more memory'],
  ['MISCONF Errors writing to the AOF file: No space left on device', 'free space'],
  ['CLUSTERDOWN Hash slot not served', 'nodes of the Redis Cluster'],
  ['NOREPLICAS Not enough good replicas to write.', 'min-replicas-to-write'],
  ["NOPERM this user has no permissions to run the 'xadd' command", '+xadd'],
  ["READONLY You can't write against a read only replica.", 'primary'],
])('the refusal %o has a remedy', (message, remedy) => {
  expect(redisFailure(replyError(message))).toMatchObject({
    exitCode: 4,
    message: expect.stringContaining(message),
    remedy: expect.stringContaining(remedy),
  });
});

test('what is to be pasted goes to the Redis that refused', async () => {
  const redis = new Redis({ lazyConnect: true });
  rememberTarget(redis, { url: 'redis://ada:s3cret@cache.example:7000' });
  const remedyOf = (message: string) => redisFailure(replyError(message), redis)?.remedy;
  const cli = 'redis-cli -u redis://cache.example:7000';
  expect(remedyOf('OOM command not allowed')).toContain(`${cli} --user ada --askpass config set maxmemory`);
  expect(remedyOf('NOPERM no')).toContain(`${cli} --askpass acl setuser ada `);
  expect(remedyOf('LOADING data')).toContain(`${cli} --user ada --askpass info persistence`);
  expect(redisFailure(new Error('Connection is closed.'), redis)?.remedy).toContain(
    `${cli} --user ada --askpass ping`,
  );
});

test('an error of our own script or code is no matter of the environment', () => {
  expect(redisFailure(replyError('ERR user_script:1: attempt to index a nil value'))).toBeUndefined();
  expect(redisFailure(replyError('constructor'))).toBeUndefined();
  expect(redisFailure(new TypeError('OOM is not a function'))).toBeUndefined();
  expect(redisFailure('Connection is closed.')).toBeUndefined();
});

function replyError(message: string): Error {
  return Object.assign(new Error(message), { name: 'ReplyError' });
}
