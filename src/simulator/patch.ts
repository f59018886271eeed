import { unburdened } from './burden.ts';
import { badModel, noSuchProperty, type Refused } from './refused.ts';
import type { ApiVersion } from './apiVersion.ts';
import type { OwnProperty } from './kindShape.ts';
import { kindOfSet, type PolicySet } from './policyKinds.ts';
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
  /** What else it has, by its kind or in this tenant only. */
  readonly [own: string]: unknown;
}

/** The body of a request: absent, JSON, or bytes that are no JSON. */
export type RequestBody = { kind: 'none' } | { kind: 'json'; value: unknown } | { kind: 'broken' };

/** v1.0 has the two only. */
const propertiesOf = (set: PolicySet, version: ApiVersion): readonly string[] => [
  ...['id', 'target'],
  ...(version === 'v1.0' ? [] : Object.keys(kindOfSet(set).own)),
];

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
  const { assignmentType: expected, own } = kindOfSet(set);
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
  const unknown = Object.keys(given).find(
    (name) => !name.includes('@odata.') && !known.includes(name) && !learned?.has(name),
  );
  if (unknown !== undefined) return { refused: noSuchProperty(unknown, expected) };

  const rest: Record<string, unknown> = Object.fromEntries(
    Object.entries(given).filter(([name]) => learned?.has(name)),
  );
  for (const [name, property] of Object.entries(own)) {
    const value = given[name];
    if (value === undefined) continue;
    const wrong = ownPropertyWrong(value, property);
    if (wrong !== undefined) return { refused: wrong };
    if (!property.readOnly) rest[name] = value;
  }
  if (!Object.hasOwn(given, 'target')) return { patch: rest };
  const target = writtenTarget(given.target, version, undocumented);
  return 'refused' in target ? target : { patch: { target: target.target, ...rest } };
}

function ownPropertyWrong(value: unknown, { takes }: OwnProperty): Refused | undefined {
  if (typeof takes === 'object' && 'abstractType' in takes) {
    if (value === null) return undefined;
    return isObject(value) && plainTypeName(value['@odata.type']) !== undefined
      ? undefined
      : badModel(`Cannot create an instance of the abstract type 'microsoft.graph.${takes.abstractType}'.`);
  }
  if (typeof takes === 'object')
    return takes.members.some((member) => member === value) ? undefined : notInEnum(value, takes.enumName);
  const cannot = (type: string): Refused =>
    badModel(`Cannot convert the literal '${String(value)}' to the expected type '${type}'.`);
  switch (takes) {
    case 'text or null':
      return value === null || typeof value === 'string' ? undefined : cannot('Edm.String');
    case 'boolean':
      return typeof value === 'boolean' ? undefined : cannot('Edm.Boolean');
    case 'object or null':
      return value === null || isObject(value) ? undefined : cannot('Edm.ComplexType');
  }
}
