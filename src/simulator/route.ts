import type { ApiVersion } from './apiVersion.ts';
import { ANY_ID } from './kindShape.ts';
import { kindIn, KINDS, kindOfSet, type PolicySet } from './policyKinds.ts';

/**
 * Which resource a URL names. The forms are written down from Microsoft's documentation, apart from the ones that the
 * product builds its URLs with: a shared table would let a wrong URL look right on both sides.
 */
export type Route =
  | { kind: 'policies'; set: PolicySet }
  | { kind: 'policy'; set: PolicySet; policyId: string }
  /** `via` is what stands between the policy's id and `/assignments`, "" for nothing. */
  | { kind: 'assignments'; set: PolicySet; policyId: string; via: string }
  | { kind: 'assignment'; set: PolicySet; policyId: string; via: string; assignmentId: string }
  /** The action that replaces a policy's list. */
  | { kind: 'assign'; set: PolicySet; policyId: string }
  /** The same where Graph has none. */
  | { kind: 'noAction' }
  /** What Multi Admin Approval asks for, and the requests that wait for it. */
  | { kind: 'approvalPolicies' }
  | { kind: 'approvalRequests' }
  /** The assignment filters of the tenant; one of them when there is a `filterId`. */
  | { kind: 'filters'; filterId: string | undefined }
  /** What was changed, by whomever. */
  | { kind: 'auditEvents' }
  /** Intune's own deployments. */
  | { kind: 'deployments' }
  /** A group of the directory, or its members. */
  | { kind: 'group'; groupId: string; part: 'list' | 'group' | 'members' | 'transitiveMembers' }
  /** How many users or devices are in a group, those of nested groups included. */
  | { kind: 'memberCount'; groupId: string; of: 'user' | 'device' }
  /** No resource; `segment` is the first one that Graph does not know. */
  | { kind: 'unknown'; segment: string };

/** Every `via` there is, each id in it made by `id`. */
export function nestedForms(id: () => string): string[] {
  return KINDS.flatMap(({ nestedForms: forms }) => forms).map((form) =>
    form.map((part) => (part === ANY_ID ? id() : part)).join('/'),
  );
}

/** Whether such a `via` can stand between a policy of this set and its assignments, in beta. */
export function isVia(set: PolicySet, via: string): boolean {
  return via === '' || fitsNestedForm(set, via.split('/'));
}

/** @param path without root, version and query: `/deviceManagement/…` */
export function routeOf(path: string, version: ApiVersion): Route {
  const segments: string[] = [];
  for (const encoded of path.replace(/^\//, '').split('/')) {
    const segment = decoded(encoded);
    if (segment === undefined || segment === '') return { kind: 'unknown', segment: encoded };
    segments.push(segment);
  }
  const [area, setName, policyId, ...rest] = segments;
  if (area === 'groups') return groupRoute(segments);
  if (!AREAS.has(area)) return { kind: 'unknown', segment: area ?? '' };
  if (area === 'deviceManagement' && setName === 'auditEvents' && policyId === undefined)
    return { kind: 'auditEvents' };
  if (version === 'beta' && area === 'deviceManagement' && policyId === undefined) {
    if (setName === 'operationApprovalPolicies') return { kind: 'approvalPolicies' };
    if (setName === 'operationApprovalRequests') return { kind: 'approvalRequests' };
    if (setName === 'deployments') return { kind: 'deployments' };
  }
  if (
    version === 'beta' &&
    area === 'deviceManagement' &&
    setName === 'assignmentFilters' &&
    rest.length === 0
  ) {
    return { kind: 'filters', filterId: policyId };
  }
  const found = kindIn(setName ?? '');
  if (found === undefined || found.area !== area || !found.versions.includes(version))
    return { kind: 'unknown', segment: setName ?? area ?? '' };
  const { set } = found;
  if (policyId === undefined) return { kind: 'policies', set };
  if (rest.length === 0) return { kind: 'policy', set, policyId };
  if (rest.at(-1) === 'assign' && rest.slice(0, -1).join('/') === (found.assign?.cast ?? ''))
    return { kind: 'assign', set, policyId };
  if (rest.length === 1 && rest[0] === 'assign') return { kind: 'noAction' };

  const isList = rest.at(-1) === 'assignments';
  if (!isList && rest.at(-2) !== 'assignments') return { kind: 'unknown', segment: rest[0] ?? '' };
  const parts = rest.slice(0, isList ? -1 : -2);
  const via = parts.join('/');
  if (!isVia(set, via) || (via !== '' && version !== 'beta'))
    return { kind: 'unknown', segment: rest[0] ?? '' };
  const assignmentId = rest.at(-1);
  if (isList || assignmentId === undefined) return { kind: 'assignments', set, policyId, via };
  return { kind: 'assignment', set, policyId, via, assignmentId };
}

const AREAS: ReadonlySet<string | undefined> = new Set([
  'deviceManagement',
  ...KINDS.map(({ area }) => area),
]);

/** The URL of the action that replaces a policy's list, without root and version. */
export const assignPath = (set: PolicySet, policyId: string): string =>
  `/${kindOfSet(set).area}/${set}/${encodeURIComponent(policyId)}/assign`;

/** The URL of an assignment without root and version. */
export function assignmentPath(set: PolicySet, policyId: string, via: string, assignmentId: string): string {
  const between = via === '' ? [] : via.split('/');
  const segments = [policyId, ...between, 'assignments', assignmentId].map(encodeURIComponent);
  return `/${kindOfSet(set).area}/${set}/${segments.join('/')}`;
}

/** Of the directory only groups are here. */
function groupRoute([area = '', groupId, part = 'group', ...rest]: readonly string[]): Route {
  if (groupId === undefined)
    return area === 'groups'
      ? { kind: 'group', groupId: '', part: 'list' }
      : { kind: 'unknown', segment: area };
  const [cast = '', ...behind] = rest;
  const of = /^microsoft\.graph\.(user|device)$/.exec(cast)?.[1];
  if (part === 'transitiveMembers' && of !== undefined && behind.length === 1 && behind[0] === '$count')
    return { kind: 'memberCount', groupId, of: of === 'user' ? 'user' : 'device' };
  if (rest.length > 0) return { kind: 'unknown', segment: rest[0] ?? '' };
  if (part !== 'group' && part !== 'members' && part !== 'transitiveMembers')
    return { kind: 'unknown', segment: part };
  return { kind: 'group', groupId, part };
}

function fitsNestedForm(set: PolicySet, parts: readonly string[]): boolean {
  return kindOfSet(set).nestedForms.some(
    (form) =>
      form.length === parts.length &&
      form.every((expected, index) =>
        expected === ANY_ID ? parts[index] !== '' : expected === parts[index],
      ),
  );
}

function decoded(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
