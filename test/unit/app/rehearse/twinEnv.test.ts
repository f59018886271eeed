import { expect, test } from 'vitest';
import { REHEARSAL_TOKEN, twinEnv, type TwinSettings } from '../../../../src/app/rehearse/twinEnv.ts';

const settings: TwinSettings = {
  ...{ url: 'http://127.0.0.1:4711', tenant: 'north', dataDir: '/d', home: '/h', windowMs: 1000 },
  ...{ writesPerWindow: undefined, concurrency: undefined, path: '/bin' },
};

test('a rehearsal knows no address but the stand-in and no token but its own', () => {
  const env = twinEnv(settings);
  expect(env['RETARGET_GRAPH_URL']).toBe('http://127.0.0.1:4711');
  expect(env['RETARGET_ACCESS_TOKEN']).toBe(REHEARSAL_TOKEN);
  expect(Object.keys(env).filter((name) => !/^(PATH|HOME|RETARGET_\w+|AZURE_TENANT_ID)$/.test(name))).toEqual(
    [],
  );
});

test.each(['https://graph.microsoft.com', 'http://192.0.2.1:80', 'https://127.0.0.1'])(
  'and does not begin with %s',
  (url) => {
    expect(() => twinEnv({ ...settings, url })).toThrow('this machine only');
  },
);
