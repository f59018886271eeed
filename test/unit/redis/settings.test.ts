import { expect, test } from 'vitest';
import { configFrom } from '../../../src/config.ts';
import { thrownBy } from '../../support/thrownBy.ts';

const NOWHERE = '/nowhere';

test('the files of Redis come from the environment, and an empty value means not set', () => {
  const env = { REDIS_URL: 'redis://a', REDIS_PASSWORD_FILE: '/run/secrets/redis', REDIS_TLS_CA_FILE: '' };
  const { redisFiles } = configFrom({}, env, NOWHERE);
  expect(redisFiles.REDIS_PASSWORD_FILE).toBe('/run/secrets/redis');
  expect(redisFiles.REDIS_TLS_CA_FILE).toBeUndefined();
});

test('a password without an address is refused: the embedded Redis is not the one that is meant', () => {
  const env = { REDIS_PASSWORD_FILE: '/run/secrets/redis' };
  expect(thrownBy(() => configFrom({}, env, NOWHERE))).toMatchObject({
    exitCode: 2,
    message: 'REDIS_PASSWORD_FILE is set, and REDIS_URL is not.',
  });
  expect(configFrom({ redisUrl: 'redis://a' }, env, NOWHERE).redisUrl).toBe('redis://a');
});
