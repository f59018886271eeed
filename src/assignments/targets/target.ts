import type { JsonObject } from '../values/json.ts';
import { odataType } from './odataTypes.ts';
import type { ApiVersion } from '../values/apiVersion.ts';

/** Who a policy is assigned to, in the words of the input columns. `targetBody` says it in Graph's. */
export type Target =
  | { readonly type: 'group'; readonly groupId: string }
  | { readonly type: 'exclusionGroup'; readonly groupId: string }
  | { readonly type: 'allDevices' }
  | { readonly type: 'allLicensedUsers' }
  | { readonly type: 'configurationManagerCollection'; readonly collectionId: string }
  | {
      readonly type: 'scopeTagGroup';
      readonly scopeTagTargetType: ScopeTagTargetType;
      readonly entraObjectId: string;
    }
  | {
      readonly type: 'organizationalUnit';
      readonly organizationalUnitId: string;
      readonly assignmentOverride?: AssignmentOverride;
      readonly versionNumber?: number;
    };

export type TargetType = Target['type'];

export const SCOPE_TAG_TARGET_TYPES = ['none', 'user', 'device'] as const;
export type ScopeTagTargetType = (typeof SCOPE_TAG_TARGET_TYPES)[number];

export const ASSIGNMENT_OVERRIDES = ['allowed', 'denied', 'unknown'] as const;
export type AssignmentOverride = (typeof ASSIGNMENT_OVERRIDES)[number];

/** The columns that say more about a target than its type. */
export const TARGET_COLUMNS = [
  'groupId',
  'collectionId',
  'entraObjectId',
  'scopeTagTargetType',
  'organizationalUnitId',
  'assignmentOverride',
  'versionNumber',
] as const;
export type TargetColumn = (typeof TARGET_COLUMNS)[number];

export interface TargetKind {
  readonly required: readonly TargetColumn[];
  readonly optional: readonly TargetColumn[];
  readonly takesFilter: boolean;
  readonly apiVersions: readonly ApiVersion[];
}

const everywhere: readonly ApiVersion[] = ['beta', 'v1.0'];

/**
 * The seven documented kinds of target and what each takes. Exclusions take no filter.
 * Source: learn.microsoft.com/graph/api/resources/intune-shared-deviceandappmanagementassignmenttarget (beta) and its heirs.
 */
export const TARGET_KINDS: { readonly [type in TargetType]: TargetKind } = {
  group: { required: ['groupId'], optional: [], takesFilter: true, apiVersions: everywhere },
  exclusionGroup: { required: ['groupId'], optional: [], takesFilter: false, apiVersions: everywhere },
  allDevices: { required: [], optional: [], takesFilter: true, apiVersions: everywhere },
  allLicensedUsers: { required: [], optional: [], takesFilter: true, apiVersions: everywhere },
  configurationManagerCollection: {
    required: ['collectionId'],
    optional: [],
    takesFilter: true,
    apiVersions: everywhere,
  },
  scopeTagGroup: {
    required: ['scopeTagTargetType', 'entraObjectId'],
    optional: [],
    takesFilter: true,
    apiVersions: ['beta'],
  },
  organizationalUnit: {
    required: ['organizationalUnitId'],
    optional: ['assignmentOverride', 'versionNumber'],
    takesFilter: true,
    apiVersions: ['beta'],
  },
};

export const TARGET_TYPES: readonly TargetType[] = [
  'group',
  'exclusionGroup',
  'allDevices',
  'allLicensedUsers',
  'configurationManagerCollection',
  'scopeTagGroup',
  'organizationalUnit',
];

/** The Graph type of a target. */
export const odataTypeOf = (type: TargetType): string => odataType(`${type}AssignmentTarget`);

/** What all targets inherit from. Graph keeps no such target, so one must never be sent. */
export const ABSTRACT_TARGET = odataType('deviceAndAppManagementAssignmentTarget');

/** Graph's type of what an organizational unit's target says about conflicts. */
export const CONFLICT_SETTING = odataType('organizationalUnitAssignmentConflictSetting');

/** Graph's wording of a target, without its filter. No `default`: a new target does not compile until it is worded here. */
export function targetBody(target: Target): JsonObject {
  const named = { '@odata.type': odataTypeOf(target.type) };
  switch (target.type) {
    case 'group':
    case 'exclusionGroup':
      return { ...named, groupId: target.groupId };
    case 'allDevices':
    case 'allLicensedUsers':
      return named;
    case 'configurationManagerCollection':
      return { ...named, collectionId: target.collectionId };
    case 'scopeTagGroup':
      return { ...named, targetType: target.scopeTagTargetType, entraObjectId: target.entraObjectId };
    case 'organizationalUnit': {
      const conflict = {
        ...(target.assignmentOverride !== undefined && { assignmentOverride: target.assignmentOverride }),
        ...(target.versionNumber !== undefined && { versionNumber: target.versionNumber }),
      };
      return {
        ...named,
        organizationalUnitId: target.organizationalUnitId,
        ...(Object.keys(conflict).length > 0 && {
          assignmentConflictSetting: { '@odata.type': CONFLICT_SETTING, ...conflict },
        }),
      };
    }
  }
}
