import { describe, expect, test } from 'vitest';
import { UserError } from '../../../../src/errors.ts';
import { proxyFor, proxyForOther } from '../../../../src/graph/client/proxy.ts';

const GRAPH = 'https://graph.microsoft.com';
const P = 'http://proxy.example:3128';

describe('the settings that name a proxy', () => {
  test.each<readonly [string, Record<string, string>, string | undefined]>([
    ['HTTPS_PROXY', { HTTPS_PROXY: P }, P],
    ['in small letters', { https_proxy: P }, P],
    ['in both spellings, of which the small one counts', { https_proxy: P, HTTPS_PROXY: 'http://other' }, P],
    ['ALL_PROXY', { ALL_PROXY: P }, P],
    ['HTTP_PROXY where there is no other', { HTTP_PROXY: P }, P],
    ['HTTPS_PROXY before HTTP_PROXY', { HTTPS_PROXY: P, HTTP_PROXY: 'http://other' }, P],
    ['without http://', { HTTPS_PROXY: 'proxy.example:3128' }, P],
    ['a proxy that is reached over TLS', { HTTPS_PROXY: 'https://proxy.example' }, 'https://proxy.example'],
    ['a user and password, which are not shown', { HTTPS_PROXY: 'http://u:secret@proxy.example:3128/' }, P],
    ['none', {}, undefined],
    ['a blank one', { HTTPS_PROXY: ' ' }, undefined],
    ['an ALL_PROXY that is no http', { ALL_PROXY: 'socks5://proxy.example' }, undefined],
  ])('%s', (_, env, shown) => {
    expect(proxyFor(GRAPH, env)?.shown).toBe(shown);
  });

  test.each(['socks5://u:secret@proxy', 'http://', 'ftp://proxy', 'http://u:secret@:8080'])(
    'one that is none (%s) is told, without its text',
    (text) => {
      const told = (): unknown => proxyFor(GRAPH, { HTTPS_PROXY: text });
      expect(told).toThrow(UserError);
      expect(told).toThrow(/HTTPS_PROXY is no address/);
      expect(told).not.toThrow(/secret/);
    },
  );
});

test('a server that is no web server is behind the proxy that is meant for everything, and no other', () => {
  const all = (more: Record<string, string>) =>
    proxyForOther('mail.example', 587, { ALL_PROXY: P, ...more })?.shown;
  expect(all({ HTTPS_PROXY: 'http://other' })).toBe(P);
  expect(all({ ALL_PROXY: '', HTTPS_PROXY: P, HTTP_PROXY: P })).toBeUndefined();
  expect([all({ NO_PROXY: '.example' }), all({ NO_PROXY: 'mail.example:25' })]).toEqual([undefined, P]);
  expect(proxyForOther('::1', 25, { ALL_PROXY: P })).toBeUndefined();
  expect(proxyForOther('2001:db8::1', 25, { ALL_PROXY: P })?.shown).toBe(P);
});

describe('what is reached without it', () => {
  test.each(['http://127.0.0.1:80', 'https://127.0.0.1', 'https://localhost:8443', 'https://[::1]:1'])(
    'this machine (%s)',
    (address) => {
      expect(proxyFor(address, { HTTPS_PROXY: P, HTTP_PROXY: P })).toBeUndefined();
    },
  );

  test.each([
    ['*', true],
    ['graph.microsoft.com', true],
    ['GRAPH.Microsoft.com.', true],
    ['microsoft.com', true],
    ['.microsoft.com', true],
    ['*.microsoft.com', true],
    ['a.example, b.example microsoft.com', true],
    ['graph.microsoft.com:443', true],
    ['graph.microsoft.com:8443', false],
    ['soft.com', false],
    ['login.microsoftonline.com', false],
    ['', false],
    [',, ,', false],
  ])('what NO_PROXY names (%s: %s)', (list, isExempt) => {
    for (const name of ['NO_PROXY', 'no_proxy'])
      expect(proxyFor(GRAPH, { HTTPS_PROXY: P, [name]: list }) === undefined).toBe(isExempt);
  });
});
