import { describe, expect, test } from 'vitest';
import { webAddress, type WebAddress, type WebFlags } from '../../../../src/web/access/address.ts';
import { thrownBy } from '../../../support/thrownBy.ts';

const TENANT = '11111111-2222-4333-8444-555555555555';
const OIDC = { RETARGET_OIDC_CLIENT_ID: 'app' };
const URL_FLAG = { url: 'https://retarget.example.com' };

const addressOf = (flags: Partial<WebFlags>, env: Record<string, string> = {}): WebAddress =>
  webAddress({ port: 8900, ...flags }, { env, cloud: 'global', tenant: TENANT }, () => undefined);

describe('without a sign-in', () => {
  test.each([{}, { host: '127.0.0.1' }, { host: '::1' }, { host: 'localhost' }, { host: '127.8.0.1' }])(
    'whoever has the link looks, on this machine: %j',
    (flags) => {
      expect(addressOf(flags)).toMatchObject({ kind: 'link', port: 8900 });
    },
  );

  test.each([
    { host: '0.0.0.0' },
    { host: '::' },
    { host: '10.0.0.1' },
    { host: 'desk.example.com' },
    { host: '127.0.0.1.example.com' },
    { host: '::ffff:10.0.0.1' },
    { host: '' },
    URL_FLAG,
    { trustedProxy: '127.0.0.1' },
  ])('nobody looks from elsewhere: %j is refused with what to do', (flags) => {
    expect(thrownBy(() => addressOf(flags))).toMatchObject({
      exitCode: 2,
      message: expect.stringContaining('nobody would have to sign in'),
      remedy: expect.stringContaining('RETARGET_OIDC_CLIENT_ID'),
    });
  });
});

describe('with a sign-in', () => {
  test('people come by https, through a proxy that says so', () => {
    const address = addressOf({ host: '0.0.0.0', ...URL_FLAG, trustedProxy: '10.1.2.3, fd00::/64' }, OIDC);
    expect(address).toMatchObject({
      ...{ kind: 'openid', origin: 'https://retarget.example.com' },
      openId: {
        issuer: `https://login.microsoftonline.com/${TENANT}/v2.0`,
        redirectUri: 'https://retarget.example.com/sign-in/callback',
      },
      roles: { operators: ['retarget.operator'], readers: ['retarget.reader'] },
    });
    const has = (ip: string): boolean => address.kind === 'openid' && address.proxies?.has(ip) === true;
    expect(['10.1.2.3', '::ffff:10.1.2.3', 'fd00::5'].map(has)).toEqual([true, true, true]);
    expect(['10.1.2.4', 'fd01::5', '', 'x'].map(has)).toEqual([false, false, false, false]);
  });

  test.each([
    [{}, {}, 'what people type'],
    [URL_FLAG, {}, 'needs TLS'],
    [{ ...URL_FLAG, host: '0.0.0.0' }, {}, 'needs TLS'],
    [{ url: 'http://retarget.example.com', trustedProxy: '10.0.0.1' }, {}, 'no https address'],
    [{ url: 'https://retarget.example.com/pages', trustedProxy: '10.0.0.1' }, {}, 'no https address'],
    [{ url: 'https://ada:pw@retarget.example.com', trustedProxy: '10.0.0.1' }, {}, 'no https address'],
    [{ url: 'javascript:alert(1)' }, {}, 'no https address'],
    [{ url: 'http://127.0.0.1:8900', host: '0.0.0.0' }, {}, 'this one only'],
    [{ ...URL_FLAG, trustedProxy: '0.0.0.0/0' }, {}, 'no address of a proxy'],
    [{ ...URL_FLAG, trustedProxy: 'proxy.example.com' }, {}, 'no address of a proxy'],
    [{ ...URL_FLAG, trustedProxy: '10.0.0.1/x' }, {}, 'no address of a proxy'],
    [{ ...URL_FLAG, tlsCert: '/c.pem' }, {}, 'only one is given'],
    [{ ...URL_FLAG, tlsCert: '/nothing', tlsKey: '/nothing' }, {}, "can't be read"],
    [
      { ...URL_FLAG, trustedProxy: '10.0.0.1' },
      { RETARGET_OIDC_ISSUER: 'http://login.example' },
      'no https address',
    ],
    [
      { ...URL_FLAG, trustedProxy: '10.0.0.1' },
      { RETARGET_OIDC_CLIENT_SECRET: 'a', RETARGET_OIDC_CLIENT_SECRET_FILE: '/b' },
      'both set',
    ],
  ])('%j with %j is refused', (flags, env, words) => {
    expect(thrownBy(() => addressOf(flags, { ...OIDC, ...env }))).toMatchObject({
      exitCode: 2,
      message: expect.stringContaining(words),
      remedy: expect.stringMatching(/./),
    });
  });

  test('of another cloud they are signed in there', () => {
    const settings = { env: OIDC, cloud: 'usgov', tenant: TENANT } as const;
    const flags = { port: 1, ...URL_FLAG, trustedProxy: '10.0.0.1' };
    expect(webAddress(flags, settings, () => undefined)).toMatchObject({
      openId: { issuer: `https://login.microsoftonline.us/${TENANT}/v2.0` },
    });
  });

  test('and no tenant id nobody knows who signs people in', () => {
    const settings = { env: OIDC, cloud: 'global', tenant: 'contoso.com' } as const;
    const flags = { port: 1, ...URL_FLAG, trustedProxy: '10.0.0.1' };
    expect(thrownBy(() => webAddress(flags, settings, () => undefined))).toMatchObject({
      message: 'Who signs people in is not said.',
    });
  });
});
