import { expect, test } from 'vitest';
import { withPlainKeys } from '../../../../src/assignments/kinds/odataKeys.ts';
import { addressFromUrl } from '../../../../src/assignments/kinds/address.ts';

test.each([
  [
    "/deviceManagement/deviceConfigurations('p1')/assignments('a1')",
    '/deviceManagement/deviceConfigurations/p1/assignments/a1',
  ],
  ['/x(%27p1%27)/y', '/x/p1/y'],
  ["/x('it''s')", '/x/it%27s'],
  ["/x('a')/y(b)", '/x/a/y(b)'],
  ["/x/it's(1)", "/x/it's(1)"],
  ["/x('a/b')", "/x('a/b')"],
  ['/x/y', '/x/y'],
])('%s is %s', (path, plain) => {
  expect(withPlainKeys(path)).toBe(plain);
});

test('a URL as Graph and the portal show it names the same assignment', () => {
  const base = { root: 'https://graph.microsoft.com', apiVersion: 'beta' } as const;
  const plain = addressFromUrl(
    '/deviceManagement/deviceConfigurations/p1/rootCertificate/assignments/a1',
    base,
  );
  for (const url of [
    "/deviceManagement/deviceConfigurations('p1')/rootCertificate/assignments('a1')",
    "https://graph.microsoft.com/beta/deviceManagement/deviceConfigurations('p1')/rootCertificate/assignments/a1",
  ])
    expect(addressFromUrl(url, base)).toEqual(plain);
  expect(
    addressFromUrl("/deviceManagement/deviceConfigurations('..')/assignments('a1')", base),
  ).toHaveProperty('part');
});
