import { expect, test } from 'vitest';
import { seedFrom } from '../../../src/simulator/seedFrom.ts';
import { call, groupTarget, simulator } from '../../support/simulatorClient.ts';

test('a tenant that is made of what Graph has shown shows the same, value for value', async () => {
  const assignments = [
    {
      ...{ id: 'a1', '@odata.type': '#microsoft.graph.mobileAppAssignment', intent: 'required' },
      target: { ...groupTarget('g1'), deviceAndAppManagementAssignmentFilterId: 'f1' },
      settings: { '@odata.type': '#microsoft.graph.win32LobAppAssignmentSettings', notifications: 'showAll' },
      ...{ source: 'direct', sourceId: 's', unheardOf: [1, 2] },
    },
    // Without what its kind usually has.
    { id: 'a2', target: groupTarget('g2') },
  ];
  const { tenant } = seedFrom([{ type: 'mobileApp', id: 'p1', displayName: 'App', assignments }], {}, []);
  const here = await simulator({ tenant });
  const { body } = await call(here, 'GET', '/beta/deviceAppManagement/mobileApps/p1/assignments');
  const [first, second] = body['value'] as Record<string, unknown>[];
  expect(first).toMatchObject({ ...assignments[0], target: groupTarget('g1') });
  expect(Object.keys(second ?? {}).toSorted()).toEqual(['@odata.type', 'id', 'target']);
});

test('filters and groups have the names that the plan knows, and filters that rows bring in are there', () => {
  const target = { ...groupTarget('g1'), deviceAndAppManagementAssignmentFilterId: 'F1' };
  const { tenant, groups } = seedFrom(
    [{ type: 'deviceConfiguration', id: 'p1', platform: 'iOS', assignments: [{ id: 'a1', target }] }],
    { f1: 'Corporate', g1: 'Sales' },
    [{ id: 'f2', platform: 'macOS' }],
  );
  expect(tenant.filters).toEqual([
    { id: 'F1', displayName: 'Corporate', platform: 'iOS' },
    { id: 'f2', displayName: 'Filter f2', platform: 'macOS' },
  ]);
  expect(groups).toEqual([{ id: 'g1', displayName: 'Sales' }]);
});

test('a kind that the simulator has not is told', () => {
  expect(() => seedFrom([{ type: 'unheardOf', id: 'p1', assignments: [] }], {}, [])).toThrow(
    'no policies of the kind unheardOf',
  );
});
