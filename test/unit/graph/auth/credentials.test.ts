import { tokenClaims, endsBefore } from '../../../../src/graph/auth/claims.ts';
import { describe, expect, test } from 'vitest';
import { EXIT, UserError } from '../../../../src/errors.ts';
import { accessTokenCredentials } from '../../../../src/graph/auth/credentials.ts';
import { isReadyToken } from '../../../../src/graph/auth/signIn.ts';
import { thrownBy } from '../../../support/thrownBy.ts';

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const tokenWith = (claims: unknown): string => `${part({ alg: 'RS256' })}.${part(claims)}.c2lnbmVk`;

describe('a ready token', () => {
  test('is handed on without the blanks around it', async () => {
    const token = tokenWith({ tid: 't' });
    const credentials = accessTokenCredentials({ RETARGET_ACCESS_TOKEN: ` ${token}\n` });
    expect(await credentials.token()).toBe(token);
    expect(await credentials.claims()).toMatchObject({ tenantId: 't' });
  });

  test('can not be renewed, so that nobody tries the refused one again', async () => {
    expect(await accessTokenCredentials({ RETARGET_ACCESS_TOKEN: 'abc' }).renew()).toBe(false);
  });

  test.each([{}, { RETARGET_ACCESS_TOKEN: '' }, { RETARGET_ACCESS_TOKEN: ' \n' }])(
    'that is missing (%j) is asked for with the command that gets one',
    (env) => {
      const error = thrownBy(() => accessTokenCredentials(env));
      expect(error).toBeInstanceOf(UserError);
      expect(error).toMatchObject({
        exitCode: EXIT.environment,
        remedy: expect.stringContaining('az account get-access-token'),
      });
    },
  );

  test.each([
    'Bearer s3cret',
    '"s3cret"',
    's3cret\r\nx-injected: 1',
    's3cret\u0000',
    's3crét',
    's3cret\nmore',
  ])('that can be none (%j) is refused without repeating it', (token) => {
    const error = thrownBy(() => accessTokenCredentials({ RETARGET_ACCESS_TOKEN: token }));
    expect(error).toMatchObject({ exitCode: EXIT.environment });
    expect(`${String(error)} ${JSON.stringify(error)}`).not.toContain('s3cr');
  });
});

describe('the claims of a token', () => {
  test("of an app are its tenant, its id, its roles and its token's end", () => {
    const claims = {
      tid: 't',
      appid: 'a',
      roles: ['DeviceManagementConfiguration.ReadWrite.All', 5],
      exp: 1_795_000_000,
    };
    expect(tokenClaims(tokenWith(claims))).toEqual({
      tenantId: 't',
      appId: 'a',
      roles: ['DeviceManagementConfiguration.ReadWrite.All'],
      scopes: [],
      expiresAtMs: 1_795_000_000_000,
      isDelegated: false,
    });
  });

  test('are of a person only with delegated permissions, and if they do not say that they are an app’s', () => {
    const isDelegated = (claims: object): boolean | undefined => tokenClaims(tokenWith(claims))?.isDelegated;
    expect(isDelegated({ oid: 'A-1', scp: 'User.Read' })).toBe(true);
    expect(isDelegated({ oid: 'A-1', scp: 'User.Read', idtyp: 'user' })).toBe(true);
    expect(isDelegated({ oid: 'A-1', scp: 'User.Read', idtyp: 'app' })).toBe(false);
    expect(isDelegated({ oid: 'A-1', scp: 'User.Read', idtyp: ['user'] })).toBe(false);
    expect(isDelegated({ oid: 'A-1', roles: ['User.Read.All'] })).toBe(false);
    expect(isDelegated({ oid: 'A-1', scp: ' ' })).toBe(false);
    expect(tokenClaims(tokenWith({ oid: 'A-1', scp: 'User.Read' }))?.objectId).toBe('a-1');
  });

  test('of a person are the scopes and the name, in either version of tokens', () => {
    const first = tokenClaims(
      tokenWith({ appid: 'a', scp: 'User.Read  Group.Read.All', upn: 'jo@example.com' }),
    );
    const second = tokenClaims(
      tokenWith({ azp: 'a', scp: 'User.Read', preferred_username: 'jö@example.com' }),
    );
    expect(first).toMatchObject({
      appId: 'a',
      scopes: ['User.Read', 'Group.Read.All'],
      user: 'jo@example.com',
    });
    expect(second).toMatchObject({ appId: 'a', scopes: ['User.Read'], user: 'jö@example.com' });
  });

  test.each([
    'opaque',
    'a.b',
    'a.b.c',
    `a.${part([1])}.c`,
    `a.${part(null)}.c`,
    `a.${part('text')}.c`,
    '',
    '..',
  ])('of a token that is none of the readable kind (%j) are unknown', (token) => {
    expect(tokenClaims(token)).toBeUndefined();
  });
});

describe('a ready token', () => {
  test('ends before a run does only if it says when it ends', () => {
    const claims = { roles: [], scopes: [], expiresAtMs: 1000 };
    expect(endsBefore(claims, 1001)).toBe(true);
    expect(endsBefore(claims, 1000)).toBe(false);
    expect(endsBefore({ roles: [], scopes: [] }, 1001)).toBe(false);
    expect(endsBefore(undefined, 1001)).toBe(false);
  });

  test('is used when it is set, unless a flag asks for a person', () => {
    const env = { RETARGET_ACCESS_TOKEN: 'token' };
    expect(isReadyToken({ env, signIn: 'default' })).toBe(true);
    expect(isReadyToken({ env, signIn: 'browser' })).toBe(false);
    expect(isReadyToken({ env: { RETARGET_ACCESS_TOKEN: ' ' }, signIn: 'default' })).toBe(false);
  });
});
