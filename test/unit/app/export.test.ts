import { expect, onTestFinished, test } from 'vitest';
import { exportAssignments } from '../../../src/app/export.ts';
import { signIn } from '../../../src/app/identity.ts';
import { selectorFrom } from '../../../src/app/runs/selection.ts';
import { startSimulator, type SimulatorOptions } from '../../../src/simulator/simulator.ts';
import { fakeServices, NOW, type FakeServices } from '../../support/fakeServices.ts';
import { allDevices, group } from '../../support/graphShapes.ts';
import type { TenantSeed } from '../../../src/simulator/tenantFile.ts';

type Target = TenantSeed['policies'][number]['assignments'][number]['target'];
const GROUP = '00000000-0000-4000-8000-000000000001';

const TENANT: TenantSeed = {
  policies: [
    {
      ...{ id: 'wifi', type: 'deviceConfiguration', displayName: 'Wi-Fi' },
      odataType: '#microsoft.graph.iosWiFiConfiguration',
      assignments: [
        { id: 'wifi_a', target: group(GROUP) as Target },
        { id: 'wifi_s', target: allDevices() as Target, source: 'policySets', sourceId: 'set' },
      ],
    },
    {
      ...{ id: 'pin', type: 'deviceCompliancePolicy', displayName: 'PIN\u0007' },
      assignments: [{ id: 'pin_a', target: allDevices() as Target }],
    },
  ],
};

/** Of somebody who has signed in to this tenant, whose limiter has room for every read. */
async function signedInTo(options: SimulatorOptions = {}): Promise<FakeServices> {
  const simulator = await startSimulator({
    ...{ writeLimit: null, requestLimit: null },
    tenant: TENANT,
    ...options,
  });
  onTestFinished(() => simulator.close());
  const fakes = fakeServices({
    env: { RETARGET_GRAPH_URL: simulator.url, RETARGET_ACCESS_TOKEN: 'token' },
    runs: {
      async readPermit(requests) {
        return { kind: 'granted', now: NOW, event: '', chargeEnd: NOW, requests, places: [], states: [] };
      },
      readReply: async () => ({ event: '' }),
    },
  });
  return { ...fakes, identity: await signIn(fakes.identity, fakes) };
}

const ALL = { type: undefined, selector: selectorFrom() };

test('the assignments of a tenant are rows, with the columns that they need and no more', async () => {
  const { rows, columns, policies, leftOut, notShown } = await exportAssignments(ALL, await signedInTo());
  expect(rows.map((row) => [row.get('policyId'), row.get('targetType'), row.get('groupId')])).toEqual([
    ['wifi', 'group', GROUP],
    ['pin', 'allDevices', undefined],
  ]);
  expect(policies).toBe(2);
  // Policy sets own theirs.
  expect(leftOut).toEqual({ policySet: 1, unspeakable: 0 });
  expect(notShown).toEqual([]);
  expect(columns).toEqual(
    expect.arrayContaining(['policyType', 'policyId', 'assignmentId', 'targetType', 'groupId', 'policyName']),
  );
  expect(columns).not.toContain('collectionId');
});

test('a name that no file can hold stays blank', async () => {
  const { rows } = await exportAssignments(ALL, await signedInTo());
  expect(rows.map((row) => row.get('policyName'))).toEqual(['Wi-Fi', '']);
});

test('only what is selected is exported, of one type or by what rows say', async () => {
  const services = await signedInTo();
  const ofType = await exportAssignments({ ...ALL, type: 'deviceCompliancePolicy' }, services);
  expect(ofType.rows.map((row) => row.get('policyId'))).toEqual(['pin']);
  const selected = await exportAssignments({ ...ALL, selector: selectorFrom(['platform=iOS']) }, services);
  expect(selected).toMatchObject({ policies: 1, leftOut: { policySet: 1 } });
  expect(selected.rows.map((row) => row.get('policyId'))).toEqual(['wifi']);
});
