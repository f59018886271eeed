import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Redactor, withoutSecretShapes } from '../../../../src/graph/auth/redact.ts';

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const JWT = `${part({ alg: 'RS256', typ: 'JWT' })}.${part({ tid: 'a tenant' })}.c2lnbmF0dXJl`;

describe('what has the form of a secret is taken out', () => {
  test.each([
    [`the token ${JWT} was refused`, 'the token [token] was refused'],
    [`authorization: Bearer ${JWT}`, 'authorization: Bearer [redacted]'],
    ['Authorization: bearer an+opaque/token==, next', 'Authorization: bearer [redacted], next'],
    ['Proxy-Authorization: Basic dXNlcjpwYXNzd29yZA==', 'Proxy-Authorization: Basic [redacted]'],
    ['redis://user:p@ss:w0rd@host:6379/0', 'redis://user:[redacted]@host:6379/0'],
    ['rediss://:secret@host and https://a:b@c', 'rediss://:[redacted]@host and https://a:[redacted]@c'],
    ['client_secret=a~b%2Bc&grant_type=x', 'client_secret=[redacted]&grant_type=x'],
    ['{"access_token":"opaque","expires_in":1}', '{"access_token":"[redacted]","expires_in":1}'],
    [String.raw`"{\"refresh_token\":\"0.AX-y\"}"`, String.raw`"{\"refresh_token\":\"[redacted]\"}"`],
  ])('%s', (text, expected) => {
    expect(withoutSecretShapes(text)).toBe(expected);
  });

  test.each(['pkcs8', 'pkcs1'] as const)('private keys, %s, in full and cut', (type) => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const pem = privateKey.export({ type, format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }).toString();
    const body = pem.split('\n').at(-5) ?? '';
    expect(body).toHaveLength(64);
    expect(withoutSecretShapes(`before\n${pem}after`)).toBe('before\n[private key]\nafter');
    expect(withoutSecretShapes(pem.slice(0, -60))).not.toContain(body.slice(0, 20));
    expect(withoutSecretShapes(JSON.stringify({ pem }))).not.toContain(body.slice(0, 20));
  });

  test.each([
    'Bearer tokens are refused',
    'https://graph.microsoft.com/beta/$batch',
    'wrong secret: AADSTS7000215',
    'C:\\files\\a:b@c',
    'rows.csv:12:3 groupId: eyJ is no group',
    '2026-01-01T00:00:00.000Z info  12 rows at http://127.0.0.1:8080/path@2',
  ])('and nothing else: %s', (text) => {
    expect(withoutSecretShapes(text)).toBe(text);
  });

  test.each([
    ['letters', 'a'],
    ['addresses', '://a:'],
    ['key heads', '-----BEGIN PRIVATE KEY-----'],
    ['dashes in a key', '-----BEGIN PRIVATE KEY-----\n'.padEnd(4000, '-')],
    ['token heads', 'eyJaaaaaaaa.'],
    ['bearers', 'Bearer '],
    ['names of secrets', 'client_secret='],
  ])('in linear time: %s', (_name, unit) => {
    const text = unit.repeat(40_000 / unit.length);
    const fastestMs = (input: string): number =>
      Math.min(
        ...[1, 2, 3].map(() => {
          const startedMs = performance.now();
          withoutSecretShapes(input);
          return performance.now() - startedMs;
        }),
      );
    // Eight times the text takes about eight times as long; sixty-four times if each start looked at all that follows.
    expect(fastestMs(text.repeat(8))).toBeLessThan(30 * Math.max(1, fastestMs(text)));
  });
});

describe('a redactor knows the secrets of the settings', () => {
  const env = {
    RETARGET_ACCESS_TOKEN: 'an-opaque-token',
    AZURE_CLIENT_SECRET: 'a~Secret/with+signs&"quotes"',
    AZURE_CLIENT_CERTIFICATE_PASSWORD: 'open sesame',
    REDIS_PASSWORD: 'redis-pass',
    REDIS_URL: 'rediss://default:p%40ss%2Fword@redis.example:6380/0',
    HTTPS_PROXY: 'http://proxy-user:proxy-pass@proxy.example:3128',
    AZURE_CLIENT_SECRET_FILE: '/run/secrets/client',
    AZURE_TENANT_ID: 'contoso.example',
  };

  test('wherever they turn up, in every spelling', () => {
    const { redacted } = new Redactor(env);
    for (const secret of [
      'an-opaque-token',
      'open sesame',
      'redis-pass',
      'p%40ss%2Fword',
      'p@ss/word',
      'proxy-pass',
    ]) {
      expect(redacted(`<${secret}>`)).toBe('<[redacted]>');
    }
    const secret = env.AZURE_CLIENT_SECRET;
    expect(redacted(JSON.stringify({ secret }))).toBe('{"secret":"[redacted]"}');
    expect(redacted(`x=${encodeURIComponent(secret)}`)).toBe('x=[redacted]');
    expect(redacted(String(new URLSearchParams({ x: secret })))).toBe('x=[redacted]');
    expect(redacted(new URLSearchParams({ x: 'open sesame' }).toString())).toBe('x=[redacted]');
  });

  test('but leaves the names of files, users and tenants', () => {
    const text = '/run/secrets/client contoso.example default redis.example proxy-user';
    expect(new Redactor(env).redacted(text)).toBe(text);
  });

  test('and those it is told of later; the longer one first when one begins another', () => {
    const redactor = new Redactor();
    redactor.keep('secret');
    redactor.keep('secret-and-more\n');
    expect(redactor.redacted('secret-and-more, secret')).toBe('[redacted], [redacted]');
  });

  test('but not words so short that they stand in every other sentence', () => {
    expect(new Redactor({ REDIS_PASSWORD: 'rows' }).redacted('12 rows')).toBe('12 rows');
  });

  test('whatever the secret and the text around it', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 8 }), fc.string(), fc.string(), (secret, before, after) => {
        fc.pre(secret.trim().length >= 8 && !'[redacted][token][private key]'.includes(secret.trim()));
        fc.pre(!`${before}${after}`.includes(secret.trim()));
        const text = new Redactor({ AZURE_CLIENT_SECRET: secret }).redacted(`${before} ${secret} ${after}`);
        expect(text).not.toContain(secret.trim());
      }),
    );
  });
});

test('of addresses of several hosts, and behind them, the passwords are known', () => {
  const redactor = new Redactor({
    REDIS_URL: 'redis+sentinel://user:of%20redis@one:1,two:2/main?sentinel_password=of-sentinel&x=1',
  });
  redactor.keepFrom(['--redis-url', 'rediss+cluster://:of-cluster@one:1,two:2']);
  expect(redactor.redacted('of%20redis, of redis, of-sentinel, of-cluster, main')).toBe(
    '[redacted], [redacted], [redacted], [redacted], main',
  );
});

test('the form of an address that a remedy shows stays as it is to be written', () => {
  const remedy = 'Put the right user and password into REDIS_URL: redis://user:password@host:port/db.';
  expect(new Redactor().redacted(remedy)).toBe(remedy);
  expect(new Redactor().redacted('redis://user:password@hosts')).toBe('redis://user:[redacted]@hosts');
});

test('settings that come later, as from a file, are known from then on', () => {
  const redactor = new Redactor();
  expect(redactor.redacted('the-secret')).toBe('the-secret');
  redactor.keepFrom({ AZURE_CLIENT_SECRET: 'the-secret', AZURE_CLIENT_ID: 'the-app-id' });
  expect(redactor.redacted('the-secret of the-app-id')).toBe('[redacted] of the-app-id');
});
