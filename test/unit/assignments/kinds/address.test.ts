import { describe, expect, test } from 'vitest';
import {
  addressFromParts,
  addressCells,
  addressFromUrl,
  addressKey,
  assignmentPath,
  listPath,
  policiesNamedBy,
  policyKey,
  type Address,
  type AddressFault,
} from '../../../../src/assignments/kinds/address.ts';
import { deviceCompliancePolicy } from '../../../../src/assignments/kinds/deviceCompliancePolicy.ts';
import { deviceConfiguration } from '../../../../src/assignments/kinds/deviceConfiguration.ts';
import { kindNamed } from '../../../../src/assignments/kinds/registry.ts';

const BASE = { root: 'https://graph.microsoft.com', apiVersion: 'beta' } as const;
const WIFI = 'microsoft.graph.windowsWifiEnterpriseEAPConfiguration';
const WIRED = 'microsoft.graph.macOSWiredNetworkConfiguration';

/** The documented forms, written down from Microsoft's pages and not from the table under test. */
const FORMS = [
  ['deviceConfigurations', ''],
  ['deviceConfigurations', 'rootCertificate'],
  ['deviceConfigurations', 'identityCertificate'],
  ['deviceConfigurations', 'identityCertificate/rootCertificate'],
  ['deviceConfigurations', 'microsoft.graph.iosScepCertificateProfile/rootCertificate'],
  ['deviceConfigurations', 'microsoft.graph.windowsPhone81VpnConfiguration/identityCertificate'],
  ['deviceConfigurations', `${WIRED}/rootCertificateForServerValidation`],
  ['deviceConfigurations', `${WIRED}/identityCertificateForClientAuthentication`],
  ['deviceConfigurations', `${WIFI}/identityCertificateForClientAuthentication`],
  ['deviceConfigurations', `${WIFI}/rootCertificatesForServerValidation/C-1`],
  ['deviceCompliancePolicies', ''],
] as const;

const pathOf = ([collection, via]: (typeof FORMS)[number]): string =>
  `/deviceManagement/${collection}/P-1${via === '' ? '' : `/${via}`}/assignments/A-1`;

function addressOf(read: Address | AddressFault): Address {
  if ('part' in read) throw new Error(read.message);
  return read;
}
const fromUrl = (url: string): Address => addressOf(addressFromUrl(url, BASE));

describe.each(FORMS)('%s %s', (collection, via) => {
  const form = [collection, via] as (typeof FORMS)[number];
  const path = pathOf(form);
  const kind = collection === 'deviceConfigurations' ? deviceConfiguration : deviceCompliancePolicy;
  const columns = (written: string): string =>
    assignmentPath(addressOf(addressFromParts({ kind, policyId: 'P-1', assignmentId: 'A-1', via: written })));

  test('is reached by columns, with via in any letter case and with slashes around it', () => {
    expect(columns(via)).toBe(path);
    if (via === '') return;
    // The id inside via keeps its case; the rest is written as documented.
    expect(columns(via.toUpperCase())).toBe(path);
    expect(columns(`/${via}/`)).toBe(path);
  });

  test('is reached by a url, relative or absolute, percent-encoded, in any letter case', () => {
    const encoded = path
      .split('/')
      .map((segment) =>
        segment.replace(/[a-z.]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`),
      )
      .join('/');
    const spellings = [
      path,
      path.slice(1),
      `https://graph.microsoft.com/beta${path}`,
      `HTTPS://Graph.Microsoft.COM/BETA${path}`,
      encoded,
      `https://graph.microsoft.com/beta${encoded}`,
    ];
    for (const url of spellings) expect(assignmentPath(fromUrl(url)), url).toBe(path);
    expect(addressKey(fromUrl(path.toUpperCase()))).toBe(addressKey(fromUrl(path)));
  });

  test('is in the list that stands before its id', () => {
    expect(listPath(fromUrl(path))).toBe(path.replace(/\/A-1$/, ''));
  });

  test('carries the type of its assignments', () => {
    const type =
      collection === 'deviceConfigurations'
        ? 'deviceConfigurationAssignment'
        : 'deviceCompliancePolicyAssignment';
    expect(fromUrl(path).kind.assignmentType).toBe(`#microsoft.graph.${type}`);
  });
});

test('there are no other forms', () => {
  expect(
    [deviceConfiguration, deviceCompliancePolicy].flatMap(({ collection, forms }) =>
      forms.map((via) => `${collection} ${via.join('/')}`),
    ),
  ).toEqual(FORMS.map(([collection, via]) => `${collection} ${via.replace('C-1', '{id}')}`));
});

test('ids are percent-encoded on their way into a path', () => {
  const parts = {
    kind: deviceConfiguration,
    policyId: 'p(1)é',
    assignmentId: "a'+&=",
    via: '',
  } as const;
  expect(assignmentPath(addressOf(addressFromParts(parts)))).toBe(
    "/deviceManagement/deviceConfigurations/p(1)%C3%A9/assignments/a'%2B%26%3D",
  );
  expect(fromUrl("/deviceManagement/deviceConfigurations/p(1)%C3%A9/assignments/a'%2b&=").assignmentId).toBe(
    "a'+&=",
  );
});

test.each([
  ['policyId', { policyId: 'a/b' }],
  ['policyId', { policyId: '..' }],
  ['policyId', { policyId: '' }],
  ['assignmentId', { assignmentId: 'a?b' }],
  ['assignmentId', { assignmentId: 'a#' }],
  ['assignmentId', { assignmentId: '50%' }],
  ['assignmentId', { assignmentId: '.' }],
  ['assignmentId', { assignmentId: 'a\u0007' }],
  ['via', { via: `${WIFI}/rootCertificatesForServerValidation/..` }],
  ['via', { via: `${WIFI}/rootCertificatesForServerValidation/a%b` }],
  ['via', { via: `${WIFI}/rootCertificatesForServerValidation` }],
  ['via', { via: `${WIFI}/rootCertificatesForServerValidation//` }],
  ['via', { via: 'rootCertificate/identityCertificate' }],
  ['via', { via: 'rootCertificate/assignments' }],
  ['via', { via: '/' }],
  ['via', { via: '__proto__' }],
  ['via', { via: 'rootCertificate', kind: deviceCompliancePolicy }],
] as const)('a wrong %s in the columns is a problem of that column: %j', (part, wrong) => {
  const parts = { kind: deviceConfiguration, policyId: 'P', assignmentId: 'A', via: '' };
  expect(addressFromParts({ ...parts, ...wrong })).toMatchObject({
    part,
    message: expect.stringMatching(/^.+\.$/),
    remedy: expect.stringMatching(/^.+\.$/),
  });
});

test.each([
  'https://evil.example/beta/deviceManagement/deviceConfigurations/P/assignments/A',
  'https://graph.microsoft.com.evil.example/beta/deviceManagement/deviceConfigurations/P/assignments/A',
  'https://graph.microsoft.com@evil.example/beta/deviceManagement/deviceConfigurations/P/assignments/A',
  'https://user@graph.microsoft.com/beta/deviceManagement/deviceConfigurations/P/assignments/A',
  'http://graph.microsoft.com/beta/deviceManagement/deviceConfigurations/P/assignments/A',
  'https://graph.microsoft.com:8443/beta/deviceManagement/deviceConfigurations/P/assignments/A',
  'https://graph.microsoft.com/v1.0/deviceManagement/deviceConfigurations/P/assignments/A',
  'https://graph.microsoft.com/betadeviceManagement/deviceConfigurations/P/assignments/A',
  '//graph.microsoft.com/beta/deviceManagement/deviceConfigurations/P/assignments/A',
  'javascript:/deviceManagement/deviceConfigurations/P/assignments/A',
  '/beta/deviceManagement/deviceConfigurations/P/assignments/A',
  '/deviceManagement/deviceConfigurations/assignments',
  '/deviceManagement/deviceConfigurations/P/assignments/',
  '/deviceManagement/deviceConfigurations/P/assignments/A/',
  '/deviceManagement/deviceConfigurations/P/assign',
  '/deviceManagement/deviceConfigurations/P',
  '/deviceManagement/notificationMessageTemplates/P/assignments/A',
  '/deviceAppManagement/deviceConfigurations/P/assignments/A',
  '/deviceManagement/deviceCompliancePolicies/P/rootCertificate/assignments/A',
  '/deviceManagement/deviceConfigurations/P/rootCertificates/assignments/A',
  '/deviceManagement//deviceConfigurations/P/assignments/A',
  '/deviceManagement/deviceConfigurations//assignments/A',
  '/deviceManagement/deviceConfigurations/P/assignments/A?$select=id',
  '/deviceManagement/deviceConfigurations/P/assignments/A#top',
  '/deviceManagement/deviceConfigurations/../deviceConfigurations/P/assignments/A',
  '/deviceManagement/deviceConfigurations/../assignments/A',
  '/deviceManagement/deviceConfigurations/%2e%2E/assignments/A',
  '/deviceManagement/deviceConfigurations/P/assignments/%2E',
  '/deviceManagement/deviceConfigurations/P%2FassignmentsX/assignments/A',
  '/deviceManagement/deviceConfigurations/P/identityCertificate%2FrootCertificate/assignments/A',
  '/deviceManagement/deviceConfigurations/P/assignments/A%3Fx',
  '/deviceManagement/deviceConfigurations/P/assignments/A%2523',
  '/deviceManagement/deviceConfigurations/P/assignments/A%00',
  '/deviceManagement/deviceConfigurations/P/assignments/A%',
  '/deviceManagement/deviceConfigurations/P/assignments/%C3%28',
  '\\deviceManagement\\deviceConfigurations\\P\\assignments\\A',
  '/',
  '?',
])('%s is no address, and the url is what is wrong', (url) => {
  expect(addressFromUrl(url, BASE)).toMatchObject({
    part: 'url',
    message: expect.stringMatching(/^.+\.$/),
    remedy: expect.stringMatching(/^.+\.$/),
  });
});

test.each([
  ['/deviceManagement/deviceConfigurations/P/assignments/A?$select=id', 'query'],
  ['https://graph.microsoft.us/beta/deviceManagement/deviceConfigurations/P/assignments/A', 'not under'],
  ['/deviceManagement/deviceConfigurations/P/assignments/A%2FB', 'the id "A/B"'],
])('what is wrong with %s is said: %s', (url, why) => {
  const read = addressFromUrl(url, BASE);
  expect('message' in read && read.message.toLowerCase()).toContain(why.toLowerCase());
});

test('the URL of a list names no assignment', () => {
  const list = '/deviceManagement/deviceConfigurations/P/assignments';
  expect(fromUrl(list)).toMatchObject({ policyId: 'P', assignmentId: '' });
  expect(fromUrl(`${list}/assignments`)).toMatchObject({ policyId: 'P', assignmentId: 'assignments' });
  expect(fromUrl(list.replace('P/', 'P/rootCertificate/'))).toMatchObject({ assignmentId: '' });
});

test('an address reads back from its cells', () => {
  for (const form of FORMS) {
    const address = fromUrl(pathOf(form));
    const {
      policyType = '',
      policyId = '',
      via = '',
      assignmentId = '',
    } = Object.fromEntries(addressCells(address));
    const kind = kindNamed(policyType) ?? deviceConfiguration;
    expect(addressFromParts({ kind, policyId, via, assignmentId })).toEqual(address);
  }
});

test('absolute URLs belong to the root and version of the run', () => {
  const url = 'https://graph.microsoft.us/v1.0/deviceManagement/deviceConfigurations/P/assignments/A';
  expect(addressFromUrl(url, { root: 'https://graph.microsoft.us', apiVersion: 'v1.0' })).toHaveProperty(
    'kind',
  );
  expect(addressFromUrl(url, { root: 'https://graph.microsoft.us', apiVersion: 'beta' })).toHaveProperty(
    'part',
  );
});

test('one assignment has one key, whatever the spelling; another form of its policy has another', () => {
  const [plain, nested] = [fromUrl(pathOf(FORMS[0])), fromUrl(pathOf(FORMS[1]))];
  const columns = {
    kind: deviceConfiguration,
    policyId: 'p-1',
    assignmentId: 'a-1',
    via: '',
  } as const;
  expect(addressKey(addressOf(addressFromParts(columns)))).toBe(addressKey(plain));
  expect(addressKey(nested)).not.toBe(addressKey(plain));
  expect(policyKey(nested)).toBe(policyKey(plain));
  const idInVia = `/deviceManagement/deviceConfigurations/P-1/${WIFI}/rootCertificatesForServerValidation/`;
  expect(addressKey(fromUrl(`${idInVia}C-1/assignments/A-1`))).not.toBe(
    addressKey(fromUrl(`${idInVia}C-2/assignments/A-1`)),
  );
});

test('a compliance policy is another policy than a configuration with its id', () => {
  expect(policyKey(fromUrl(pathOf(FORMS[10])))).not.toBe(policyKey(fromUrl(pathOf(FORMS[0]))));
});

describe('the policies that a row may be about', () => {
  const both = ['deviceConfiguration', 'deviceCompliancePolicy'] as const;
  const named = (policyId?: string, url?: string, types: readonly (typeof both)[number][] = both) =>
    policiesNamedBy({ types, policyId, url });

  test('are those that the columns name; of either type when that is not known', () => {
    expect(named('P-1', undefined, ['deviceConfiguration'])).toEqual([policyKey(fromUrl(pathOf(FORMS[0])))]);
    expect(named('P-1')).toEqual(['deviceconfigurations/p-1', 'devicecompliancepolicies/p-1']);
  });

  test.each([
    '/deviceManagement/deviceConfigurations/P%2D1/assignments',
    'https://other.example/v1.0/deviceManagement/DEVICECONFIGURATIONS/p-1',
    "/deviceManagement/deviceConfigurations('P-1')/assignments('A')",
    '/deviceManagement/deviceConfigurations/P-1?x=/y',
  ])('are read from a url that is wrong otherwise: %s', (url) => {
    expect(named(undefined, url)).toEqual(['deviceconfigurations/p-1']);
  });

  test('are those of both when a row has a url and columns', () => {
    expect(named('P-2', pathOf(FORMS[0]), ['deviceCompliancePolicy'])).toEqual([
      'deviceconfigurations/p-1',
      'devicecompliancepolicies/p-2',
    ]);
  });

  test('are none when nothing names one', () => {
    expect(named()).toEqual([]);
    expect(named(undefined, '/deviceManagement/deviceConfigurations')).toEqual([]);
    expect(named(undefined, '/deviceManagement/deviceConfigurations/%')).toEqual(['deviceconfigurations/%']);
  });
});
