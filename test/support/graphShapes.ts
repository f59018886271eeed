import type { CurrentAssignment } from '../../src/assignments/changes/current.ts';
import type { JsonObject } from '../../src/assignments/values/json.ts';

const FILTER_ID = 'deviceAndAppManagementAssignmentFilterId';
const FILTER_TYPE = 'deviceAndAppManagementAssignmentFilterType';

/** Targets as Graph shows them. */
export const target = (type: string, own: JsonObject = {}): JsonObject => ({
  '@odata.type': `#microsoft.graph.${type}AssignmentTarget`,
  ...own,
});
export const group = (groupId: string, more: JsonObject = {}): JsonObject =>
  target('group', { groupId, ...more });
export const excluded = (groupId: string): JsonObject => target('exclusionGroup', { groupId });
export const allDevices = (more: JsonObject = {}): JsonObject => target('allDevices', more);
export const allUsers = (more: JsonObject = {}): JsonObject => target('allLicensedUsers', more);
export const unheardOf = target('cloudPc', { servicePlanId: 'S1' });

/** The filter properties of a target; off when no id is given. */
export const filter = (id: unknown = null, type: unknown = id === null ? 'none' : 'include'): JsonObject => ({
  [FILTER_ID]: id,
  [FILTER_TYPE]: type,
});

/** An assignment as the read gives it. */
export const current = (of: JsonObject, more: JsonObject = {}, id = 'A1'): CurrentAssignment => ({
  id,
  target: of,
  whole: { id, ...more, target: of },
  ...(typeof more['source'] === 'string' && { source: more['source'] }),
});
