import { describe, expect, test } from 'vitest';
import { assignmentPath } from '../../../../src/assignments/kinds/address.ts';
import { KINDS } from '../../../../src/assignments/kinds/registry.ts';
import { policiesOf } from '../../../../src/assignments/rows/writtenAddress.ts';
import {
  BETA,
  changeOf,
  configuration,
  faultyColumns,
  inputRow,
  problemsOf,
  V1,
  type Cells,
} from '../../../support/inputRow.ts';

const ALL = { targetType: 'allDevices' };
const URL = '/deviceManagement/deviceConfigurations/P1/assignments/A1';
const pathOf = (cells: Cells): string => assignmentPath(changeOf({ ...cells, ...ALL }).address);

test.each([
  ['deviceConfiguration', 'deviceConfigurations'],
  ['deviceConfigurations', 'deviceConfigurations'],
  ['DEVICECONFIGURATION', 'deviceConfigurations'],
  ['deviceCompliancePolicy', 'deviceCompliancePolicies'],
  ['DeviceCompliancePolicies', 'deviceCompliancePolicies'],
  ['Device Compliance Policy', 'deviceCompliancePolicies'],
  ['device-configuration_profile', 'deviceConfigurations'],
])('the policyType %s leads to %s', (policyType, collection) => {
  expect(pathOf({ ...configuration, policyType })).toBe(`/deviceManagement/${collection}/P1/assignments/A1`);
});

test('the columns and the url of an assignment lead to the same place', () => {
  expect(pathOf({ ...configuration, via: 'IdentityCertificate' })).toBe(
    pathOf({ url: '/deviceManagement/deviceConfigurations/P1/identityCertificate/assignments/A1' }),
  );
});

test('a numeric id is an id', () => {
  expect(pathOf({ ...configuration, policyId: 17 })).toBe(
    '/deviceManagement/deviceConfigurations/17/assignments/A1',
  );
});

test.each([
  [{}, ['policyType', 'policyId', 'assignmentId']],
  [{ policyType: 'deviceConfiguration' }, ['policyId', 'assignmentId']],
  [{ policyType: 'deviceConfiguration', policyId: 'P1', via: 'rootCertificate' }, ['assignmentId']],
  [{ ...configuration, policyType: 'deviceConfigration' }, ['policyType']],
  [{ ...configuration, policyType: 'policy' }, ['policyType']],
  [{ ...configuration, policyType: '__proto__' }, ['policyType']],
  [{ ...configuration, policyId: 'a/b' }, ['policyId']],
  [{ ...configuration, assignmentId: '../x' }, ['assignmentId']],
  [{ ...configuration, assignmentId: { id: 'A1' } }, ['assignmentId']],
  [{ ...configuration, via: 'leafCertificate' }, ['via']],
  [{ ...configuration, via: ['rootCertificate'] }, ['via']],
  [{ ...configuration, policyType: 'deviceCompliancePolicy', via: 'rootCertificate' }, ['via']],
  [{ url: 'https://evil.example/beta/deviceManagement/deviceConfigurations/P1/assignments/A1' }, ['url']],
  [{ url: 17 }, ['url']],
  [{ url: { href: URL } }, ['url']],
  [{ url: URL, policyId: 'P1' }, ['policyId']],
  [{ url: URL, via: 'rootCertificate' }, ['via']],
  [{ url: URL, ...configuration }, ['policyType']],
] as [Cells, string[]][])('%j has its problem at %j', (cells, columns) => {
  expect(faultyColumns({ ...cells, ...ALL })).toEqual(columns);
});

test('a mistyped policyType comes with the right one', () => {
  const [problem] = problemsOf({ ...configuration, ...ALL, policyType: 'deviceConfigration' });
  expect(problem?.remedy).toContain('Did you mean "deviceConfiguration"?');
});

test('v1.0 has the two plain forms only', () => {
  expect(faultyColumns({ ...configuration, ...ALL }, V1)).toEqual([]);
  expect(faultyColumns({ ...configuration, ...ALL, via: 'rootCertificate' }, V1)).toEqual(['via']);
  const url = '/deviceManagement/deviceConfigurations/P1/rootCertificate/assignments/A1';
  expect(faultyColumns({ url, ...ALL }, V1)).toEqual(['url']);
  expect(faultyColumns({ url: `https://graph.microsoft.com/v1.0${URL}`, ...ALL }, V1)).toEqual([]);
});

// Half of a policy's changes may be worse than none, so a row with a problem must never hide which policy it is about.
describe('the policies that a row may be about are known', () => {
  const config = 'deviceconfigurations/p1';
  const any = KINDS.map(({ collection }) => `${collection.toLowerCase()}/p1`);
  test.each([
    [configuration, [config]],
    [{ ...configuration, assignmentId: '' }, [config]],
    [{ policyType: 'deviceConfigurations', policyId: 'P1' }, [config]],
    [{ ...configuration, assignmentId: 'a/b', via: 'nowhere', targetType: 'nothing' }, [config]],
    [{ ...configuration, policyType: 'deviceConfigration' }, any],
    [{ policyId: 'P1' }, any],
    [{ url: URL }, [config]],
    [{ url: `${URL}?x` }, [config]],
    [{ url: URL, policyId: 'P1' }, any],
    [{ policyType: 'deviceConfiguration', assignmentId: 'A1' }, []],
    [{ url: 'https://graph.microsoft.com/beta/me' }, []],
    [{ policyId: ['P1'], url: { a: 1 }, policyType: true }, []],
  ] as [Cells, string[]][])('%j', (cells, policies) => {
    expect(new Set(policiesOf(inputRow(cells), BETA))).toEqual(new Set(policies));
  });

  test('under v1.0 also for forms that it does not have', () => {
    expect(policiesOf(inputRow({ ...configuration, via: 'rootCertificate' }), V1)).toEqual([config]);
  });
});
