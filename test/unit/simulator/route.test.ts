import { describe, expect, test } from 'vitest';
import { assignmentPath, assignPath, nestedForms, routeOf } from '../../../src/simulator/route.ts';

const configuration = '/deviceManagement/deviceConfigurations/p1';

// Copied from Microsoft's page "Update deviceConfigurationAssignment" (beta), ids filled in.
const DOCUMENTED: [string, string][] = [
  ['', ''],
  ['/rootCertificate', 'rootCertificate'],
  ['/identityCertificate', 'identityCertificate'],
  ['/identityCertificate/rootCertificate', 'identityCertificate/rootCertificate'],
  ...[
    'microsoft.graph.iosScepCertificateProfile/rootCertificate',
    'microsoft.graph.windowsPhone81VpnConfiguration/identityCertificate',
    'microsoft.graph.macOSWiredNetworkConfiguration/rootCertificateForServerValidation',
    'microsoft.graph.macOSWiredNetworkConfiguration/identityCertificateForClientAuthentication',
    'microsoft.graph.windowsWifiEnterpriseEAPConfiguration/identityCertificateForClientAuthentication',
    'microsoft.graph.windowsWifiEnterpriseEAPConfiguration/rootCertificatesForServerValidation/c1',
  ].map((via): [string, string] => [`/${via}`, via]),
];

test.each(DOCUMENTED)('the documented form "…%s/assignments/a1" is an assignment', (between, via) => {
  expect(routeOf(`${configuration}${between}/assignments/a1`, 'beta')).toEqual({
    kind: 'assignment',
    set: 'deviceConfigurations',
    policyId: 'p1',
    via,
    assignmentId: 'a1',
  });
  expect(routeOf(`${configuration}${between}/assignments`, 'beta')).toMatchObject({
    kind: 'assignments',
    via,
  });
});

test('compliance policies have the plain form only', () => {
  const policy = '/deviceManagement/deviceCompliancePolicies/p1';
  expect(routeOf(`${policy}/assignments/a1`, 'v1.0')).toMatchObject({ kind: 'assignment', policyId: 'p1' });
  expect(routeOf(`${policy}/rootCertificate/assignments/a1`, 'beta')).toEqual({
    kind: 'unknown',
    segment: 'rootCertificate',
  });
});

test('nested forms exist in beta only', () => {
  for (const via of nestedForms(() => 'c1')) {
    expect(routeOf(`${configuration}/${via}/assignments/a1`, 'v1.0').kind).toBe('unknown');
  }
  expect(routeOf(`${configuration}/assignments/a1`, 'v1.0').kind).toBe('assignment');
});

describe('the surroundings of an assignment', () => {
  test.each([
    ['/deviceManagement/assignmentFilters', { kind: 'filters', filterId: undefined }],
    ['/deviceManagement/assignmentFilters/f1', { kind: 'filters', filterId: 'f1' }],
    ['/groups/g1', { kind: 'group', groupId: 'g1', part: 'group' }],
    ['/groups/g1/members', { kind: 'group', groupId: 'g1', part: 'members' }],
    ['/groups/g1/transitiveMembers', { kind: 'group', groupId: 'g1', part: 'transitiveMembers' }],
    [
      '/groups/g1/transitiveMembers/microsoft.graph.user/$count',
      { kind: 'memberCount', groupId: 'g1', of: 'user' },
    ],
    [
      '/groups/g1/transitiveMembers/microsoft.graph.group',
      { kind: 'unknown', segment: 'microsoft.graph.group' },
    ],
    ['/groups', { kind: 'group', groupId: '', part: 'list' }],
    ['/groups/g1/owners', { kind: 'unknown', segment: 'owners' }],
    ['/groups/g1/group/members', { kind: 'unknown', segment: 'members' }],
  ])('%s', (path, route) => {
    expect(routeOf(path, 'beta')).toEqual(route);
  });

  test('filters are known to beta only, groups to both', () => {
    expect(routeOf('/deviceManagement/assignmentFilters', 'v1.0')).toEqual({
      kind: 'unknown',
      segment: 'assignmentFilters',
    });
    expect(routeOf('/groups/g1', 'v1.0').kind).toBe('group');
  });
});

describe('what is no resource names the segment that is not known', () => {
  test.each([
    ['/beta/deviceManagement/deviceConfigurations', 'beta'],
    ['/deviceManagement', 'deviceManagement'],
    ['/deviceManagement/deviceconfigurations/p1', 'deviceconfigurations'],
    [`${configuration}/assignment/a1`, 'assignment'],
    [`${configuration}/rootCertificate/identityCertificate/assignments/a1`, 'rootCertificate'],
    [
      `${configuration}/microsoft.graph.iosScepCertificateProfile/identityCertificate/assignments/a1`,
      'microsoft.graph.iosScepCertificateProfile',
    ],
    [`${configuration}/assignments/a1/b`, 'assignments'],
    [`${configuration}/assignments/%zz`, '%zz'],
    [`${configuration}/assignments/`, ''],
    ['/deviceManagement/deviceConfigurations//assignments/a1', ''],
  ])('%s', (path, segment) => {
    expect(routeOf(path, 'beta')).toEqual({ kind: 'unknown', segment });
  });
});

test('a path that was built is read back, whatever the ids', () => {
  const ids = { policyId: 'a b_ü', via: 'rootCertificate', assignmentId: "x%'+&" };
  const path = assignmentPath('deviceConfigurations', ids.policyId, ids.via, ids.assignmentId);
  expect(routeOf(path, 'beta')).toEqual({ kind: 'assignment', set: 'deviceConfigurations', ...ids });
});

test('the action assign is of policies of both sets and versions, and of no nested form', () => {
  for (const version of ['beta', 'v1.0'] as const) {
    for (const set of ['deviceConfigurations', 'deviceCompliancePolicies'] as const) {
      expect(routeOf(assignPath(set, 'a b/c'), version)).toEqual({ kind: 'assign', set, policyId: 'a b/c' });
    }
  }
  expect(routeOf(`${configuration}/rootCertificate/assign`, 'beta').kind).toBe('unknown');
});
