import { describe, expect, test } from 'vitest';
import { EXIT, UserError } from '../../../../src/errors.ts';
import { CLOUDS, graphRootFrom } from '../../../../src/graph/auth/clouds.ts';
import { thrownBy } from '../../../support/thrownBy.ts';

test.each([undefined, '', '  '])("without an address (%j) requests go to the cloud's own root", (text) => {
  expect(graphRootFrom(text, 'china')).toBe('https://microsoftgraph.chinacloudapi.cn');
});

test.each(Object.entries(CLOUDS))('a token of %s is for its own root', (_name, { root, scope }) => {
  expect(scope).toBe(`${root}/.default`);
});

describe('an address', () => {
  test.each([
    ['https://graph.microsoft.com/', 'https://graph.microsoft.com'],
    ['https://graph.microsoft.com/beta', 'https://graph.microsoft.com'],
    ['https://graph.microsoft.com/v1.0/', 'https://graph.microsoft.com'],
    [' HTTPS://Graph.Example:8443/proxy/BETA// ', 'https://graph.example:8443/proxy'],
    ['https://gateway.example/graphbeta', 'https://gateway.example/graphbeta'],
    ['http://127.0.0.1:8080', 'http://127.0.0.1:8080'],
    ['http://127.9.8.7', 'http://127.9.8.7'],
    ['http://localhost:1/beta', 'http://localhost:1'],
    ['http://[::1]:8080/', 'http://[::1]:8080'],
  ])('%s is the root %s', (text, root) => {
    expect(graphRootFrom(text, 'global')).toBe(root);
  });

  test.each([
    'graph.microsoft.com',
    'not a url',
    'ftp://graph.microsoft.com',
    'file:///etc/passwd',
    'http://graph.microsoft.com',
    'http://10.0.0.1',
    'http://localhost.example.com',
    'http://127.0.0.1.example.com',
    'http://[::2]',
    'https://graph.microsoft.com?x=1',
    'https://graph.microsoft.com/#x',
  ])('%s is refused with the address to set', (text) => {
    const error = thrownBy(() => graphRootFrom(text, 'usgov'));
    expect(error).toBeInstanceOf(UserError);
    expect(error).toMatchObject({ exitCode: EXIT.badInput, message: expect.stringContaining(text) });
    expect(error).toHaveProperty('remedy', expect.stringContaining('https://graph.microsoft.us'));
  });

  test('with a password in it is refused without repeating it', () => {
    const error = thrownBy(() => graphRootFrom('https://me:hunter2@graph.microsoft.com', 'global'));
    expect(error).toMatchObject({ exitCode: EXIT.badInput });
    expect(`${String(error)} ${JSON.stringify(error)}`).not.toContain('hunter2');
  });
});
