import { expect, test } from 'vitest';
import { redisFailure } from '../../../src/redis/failure.ts';

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

test('an error of our own script or code is no matter of the environment', () => {
  expect(redisFailure(replyError('ERR user_script:1: attempt to index a nil value'))).toBeUndefined();
  expect(redisFailure(replyError('constructor'))).toBeUndefined();
  expect(redisFailure(new TypeError('OOM is not a function'))).toBeUndefined();
  expect(redisFailure('Connection is closed.')).toBeUndefined();
});

function replyError(message: string): Error {
  return Object.assign(new Error(message), { name: 'ReplyError' });
}
