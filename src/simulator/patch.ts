import { unburdened } from './burden.ts';
import { badModel, noSuchProperty, type Refused } from './refused.ts';
import type { ApiVersion, PolicySet } from './route.ts';
import {
  isObject,
  notInEnum,
  plainTypeName,
  writtenTarget,
  type GraphTarget,
  type UndocumentedTargets,
} from './target.ts';

/** What a PATCH of an assignment changes; what it does not mention stays. */
export interface AssignmentPatch {
  readonly target?: GraphTarget;
  readonly intent?: string;
  readonly source?: string;
  readonly sourceId?: string | null;
  /** What the tenant's assignments have, and no documentation names. */
  readonly unknown?: Readonly<Record<string, unknown>>;
}

/** The body of a request: absent, JSON, or bytes that are no JSON. */
export type RequestBody = { kind: 'none' } | { kind: 'json'; value: unknown } | { kind: 'broken' };

export const ASSIGNMENT_TYPE: Readonly<Record<PolicySet, string>> = {
  deviceConfigurations: 'deviceConfigurationAssignment',
  deviceCompliancePolicies: 'deviceCompliancePolicyAssignment',
};

/** v1.0 has the two only. `intent` belongs to configurations. */
function propertiesOf(set: PolicySet, version: ApiVersion): readonly string[] {
  if (version === 'v1.0') return ['id', 'target'];
  if (set === 'deviceCompliancePolicies') return ['id', 'target', 'source', 'sourceId'];
  return ['id', 'target', 'intent', 'source', 'sourceId'];
}

/** Reads the body of a PATCH. */
export function readPatch(
  body: RequestBody,
  set: PolicySet,
  version: ApiVersion,
  undocumented?: UndocumentedTargets,
): { patch: AssignmentPatch } | { refused: Refused } {
  const read = jsonObject(body);
  return 'refused' in read ? read : readAssignment(read.given, set, version, undocumented);
}

/** The object that a body has to be. */
export function jsonObject(body: RequestBody): { given: Record<string, unknown> } | { refused: Refused } {
  if (body.kind === 'none') return { refused: badModel('Empty Payload. JSON content expected.') };
  if (body.kind === 'broken' || !isObject(body.value)) {
    return {
      refused: badModel(
        'Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.',
      ),
    };
  }
  return { given: body.value };
}

/** Reads an assignment as OData and Intune do: types and names first, then what they mean. */
export function readAssignment(
  sent: Record<string, unknown>,
  set: PolicySet,
  version: ApiVersion,
  undocumented?: UndocumentedTargets,
): { patch: AssignmentPatch } | { refused: Refused } {
  const given = unburdened(sent);
  const expected = ASSIGNMENT_TYPE[set];
  if (given['@odata.type'] !== undefined && plainTypeName(given['@odata.type']) !== expected) {
    return {
      refused: badModel(
        `An entry with type '${String(given['@odata.type'])}' was found, but it is not assignable to the expected ` +
          `type 'microsoft.graph.${expected}'. The type specified in the entry must be equal to either the expected ` +
          'type or a derived type.',
      ),
    };
  }
  const known = propertiesOf(set, version);
  const learned = version === 'beta' ? undocumented?.get(expected) : undefined;
  const extra = Object.entries(given).filter(([name]) => learned?.has(name));
  const unknown = Object.keys(given).find(
    (name) => !name.includes('@odata.') && !known.includes(name) && !learned?.has(name),
  );
  if (unknown !== undefined) return { refused: noSuchProperty(unknown, expected) };

  const { intent, source, sourceId } = given;
  if (intent !== undefined && intent !== 'apply' && intent !== 'remove') {
    return { refused: notInEnum(intent, 'deviceConfigAssignmentIntent') };
  }
  if (source !== undefined && source !== 'direct' && source !== 'policySets') {
    return { refused: notInEnum(source, 'deviceAndAppManagementAssignmentSource') };
  }
  if (sourceId !== undefined && sourceId !== null && typeof sourceId !== 'string') {
    return {
      refused: badModel(
        `Cannot convert the literal '${String(sourceId)}' to the expected type 'Edm.String'.`,
      ),
    };
  }
  // OData ignores read-only properties that are sent, and on configurations these two are.
  const sources =
    set === 'deviceCompliancePolicies'
      ? { ...(source && { source }), ...(sourceId !== undefined && { sourceId }) }
      : {};
  const rest = {
    ...(intent && { intent }),
    ...sources,
    ...(extra.length > 0 && { unknown: Object.fromEntries(extra) }),
  };
  if (!Object.hasOwn(given, 'target')) return { patch: rest };
  const target = writtenTarget(given.target, version, undocumented);
  return 'refused' in target ? target : { patch: { target: target.target, ...rest } };
}
