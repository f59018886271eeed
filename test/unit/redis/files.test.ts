import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { passwordFrom, tlsOptions } from '../../../src/redis/files.ts';
import { makeCertificates } from '../../support/redisTls.ts';
import { thrownBy } from '../../support/thrownBy.ts';

const dir = mkdtempSync(join(tmpdir(), 'retarget-test-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
let files = 0;

test('a line end after the password is no part of it, everything else is', () => {
  const password = (text: string) =>
    passwordFrom('REDIS_PASSWORD_FILE', { REDIS_PASSWORD_FILE: file(text) }, undefined);
  expect(password('hunter2')).toBe('hunter2');
  expect(password('hunter2\n')).toBe('hunter2');
  expect(password('hunter2\r\n')).toBe('hunter2');
  expect(password(' hunter2 \n\n')).toBe(' hunter2 \n');
});

test('without a file the password of the address counts', () => {
  expect(passwordFrom('REDIS_PASSWORD_FILE', {}, 'hunter2')).toBe('hunter2');
  expect(passwordFrom('REDIS_PASSWORD_FILE', {}, undefined)).toBeUndefined();
});

test.each([
  ['two passwords', 'hunter2', 'two passwords', file('hunter2')],
  ['an empty file', undefined, 'empty', file('\n')],
  ['no file', undefined, 'ENOENT', '/nowhere/password'],
])('%s: refused, and the password shown nowhere', (_, fromAddress, message, path) => {
  const error = thrownBy(() =>
    passwordFrom('REDIS_PASSWORD_FILE', { REDIS_PASSWORD_FILE: path }, fromAddress),
  );
  expect(error).toMatchObject({ exitCode: 2, message: expect.stringContaining(message) });
  expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('hunter2');
});

test('TLS files for an address without TLS are refused: somebody thinks that it is secret', () => {
  const { ca } = makeCertificates();
  expect(tlsOptions(false, ['a'], {})).toBeUndefined();
  expect(thrownBy(() => tlsOptions(false, ['a'], { REDIS_TLS_CA_FILE: ca }))).toMatchObject({
    exitCode: 2,
    remedy: expect.stringContaining('rediss'),
  });
});

test('a certificate and its key come together, and belong together', () => {
  const { client, server } = makeCertificates();
  const refused = (cert: string | undefined, key: string | undefined) =>
    thrownBy(() => tlsOptions(true, ['a'], { REDIS_TLS_CERT_FILE: cert, REDIS_TLS_KEY_FILE: key }));
  expect(refused(client.cert, undefined)).toMatchObject({ exitCode: 2, remedy: 'Set both, or neither.' });
  expect(refused(undefined, client.key)).toMatchObject({ exitCode: 2, remedy: 'Set both, or neither.' });
  expect(refused(client.cert, server.key)).toMatchObject({
    exitCode: 2,
    message: expect.stringContaining('key values mismatch'),
  });
  expect(
    tlsOptions(true, ['a'], { REDIS_TLS_CERT_FILE: client.cert, REDIS_TLS_KEY_FILE: client.key }),
  ).toBeDefined();
});

test('a file that is no PEM is refused', () => {
  for (const text of [
    '',
    'not a certificate',
    '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
  ])
    expect(thrownBy(() => tlsOptions(true, ['a'], { REDIS_TLS_CA_FILE: file(text) }))).toMatchObject({
      exitCode: 2,
      remedy: expect.stringContaining('PEM'),
    });
});

/** A file with this content, deleted in the end. */
function file(content: string): string {
  const path = join(dir, `file-${files++}`);
  writeFileSync(path, content);
  return path;
}
