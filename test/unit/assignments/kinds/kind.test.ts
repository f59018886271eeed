import { expect, test } from 'vitest';
import { addressFromParts, assignPath, type Address } from '../../../../src/assignments/kinds/address.ts';
import { deviceConfiguration } from '../../../../src/assignments/kinds/deviceConfiguration.ts';
import { isReadOnly, writesBy, type WriteMethod } from '../../../../src/assignments/kinds/kind.ts';
import type { PolicyKind } from '../../../../src/assignments/kinds/registry.ts';
import { assignRequest } from '../../../../src/assignments/changes/request.ts';

const written = (write: WriteMethod): PolicyKind => ({ ...deviceConfiguration, write });
const ASSIGN_ONLY = written({ how: 'assign', assignProperty: 'thingAssignments' });

function addressIn(kind: PolicyKind): Address {
  const address = addressFromParts({ kind, policyId: 'P1', via: '', assignmentId: '' });
  if ('part' in address) throw new Error(address.message);
  return address;
}

test.each([
  [deviceConfiguration, 'patch', 'patch'],
  [deviceConfiguration, undefined, 'patch'],
  [deviceConfiguration, 'assign', 'assign'],
  [ASSIGN_ONLY, 'patch', 'assign'],
  [ASSIGN_ONLY, undefined, 'assign'],
  [ASSIGN_ONLY, 'assign', 'assign'],
] as const)('a kind that has PATCH or not (%#) goes, in a run by %s, by %s', (kind, strategy, way) => {
  expect(writesBy(kind, strategy)).toBe(way);
});

// A wrong name may be read as an empty list, which would unassign the policy.
test('the list stands in the body under the name that the kind has for it', () => {
  expect(assignRequest(addressIn(deviceConfiguration), [{ id: 'A1' }]).body).toEqual({
    assignments: [{ id: 'A1' }],
  });
  expect(assignRequest(addressIn(ASSIGN_ONLY), [{ id: 'A1' }]).body).toEqual({
    thingAssignments: [{ id: 'A1' }],
  });
});

test('the id is cast where Graph has no assign without', () => {
  const cast = written({
    how: 'assign',
    assignProperty: 'assignments',
    assignCast: 'microsoft.graph.specialPolicy',
  });
  expect(assignPath(addressIn(cast))).toBe(
    '/deviceManagement/deviceConfigurations/P1/microsoft.graph.specialPolicy/assign',
  );
  expect(assignPath(addressIn(deviceConfiguration))).toBe('/deviceManagement/deviceConfigurations/P1/assign');
});

test('of a configuration source and sourceId are read-only', () => {
  const names = ['intent', 'source', 'sourceId', 'target', 'elsewhere'];
  expect(names.filter((name) => isReadOnly(deviceConfiguration, name))).toEqual(['source', 'sourceId']);
});
