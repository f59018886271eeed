import { createHash } from 'node:crypto';
import { page, selected, type Page } from './odata.ts';
import { kindOfSet } from './policyKinds.ts';
import { badModel, type Refused } from './refused.ts';
import type { Policy } from './tenant.ts';
import type { GraphTarget } from './target.ts';

/** Events that are kept, the newest. */
const EVENTS_MAX = 20_000;
/** What the audit log names where nothing is. */
const NOTHING = '<null>';

/** Who changes something, as the audit log has it. */
export interface AuditActor {
  readonly applicationId: string;
  readonly applicationDisplayName: string;
  readonly userPrincipalName: string | null;
}

/** Whoever works in the portal. */
export const IN_PORTAL: AuditActor = {
  applicationId: '5926fc8e-304e-4f59-8bed-58ca97cc39a4',
  applicationDisplayName: 'Microsoft Intune portal extension',
  userPrincipalName: 'someone@contoso.example',
};

/** An application that comes with a token, which itself is nobody's to read. */
export const actorOf = (token: string): AuditActor => ({
  applicationId: idOf(token),
  applicationDisplayName: 'An application',
  userPrincipalName: null,
});

/** What a list was: an entry by its id. */
export type ListThen = ReadonlyMap<string, { readonly id: string; readonly target: GraphTarget }>;

/** What Intune writes down of each change of assignments. */
export interface AuditLog {
  /** Answers what a list is now, to be given back to `changed`. */
  seen(policy: Policy | undefined, via: string): ListThen;
  /** Writes down how a list has changed since it was seen. */
  changed(
    policy: Policy | undefined,
    via: string,
    since: ListThen,
    by: { readonly actor: AuditActor; readonly method: string; readonly correlationId: string },
  ): void;
  readonly events: readonly AuditRecord[];
}

/** As Graph shows one. Source: learn.microsoft.com/graph/api/resources/intune-auditing-auditevent */
export interface AuditRecord {
  readonly id: string;
  readonly activityDateTime: string;
  readonly [property: string]: unknown;
}

/** @param now ms since 1970 */
export function openAuditLog(now: () => number): AuditLog {
  const events: AuditRecord[] = [];
  const listOf = (policy: Policy | undefined, via: string) =>
    policy?.lists.get(via.toLowerCase())?.assignments ?? new Map<string, never>();
  return {
    events,
    seen: (policy, via) =>
      new Map([...listOf(policy, via)].map(([key, { id, target }]) => [key, { id, target }])),
    changed(policy, via, since, by) {
      if (policy === undefined) return;
      const after = this.seen(policy, via);
      const ids = [...new Set([...since.keys(), ...after.keys()])];
      const resources = ids.flatMap((id) => changeOf(policy, since.get(id), after.get(id)));
      if (resources.length === 0) return;
      events.push(recordOf(policy, resources, now(), events.length, by));
      if (events.length > 2 * EVENTS_MAX) events.splice(0, EVENTS_MAX);
    },
  };
}

const typeOf = ({ set }: Policy): string => {
  const { type } = kindOfSet(set);
  return type.charAt(0).toUpperCase() + type.slice(1);
};

function recordOf(
  policy: Policy,
  resources: readonly object[],
  at: number,
  n: number,
  { actor, method, correlationId }: Parameters<AuditLog['changed']>[3],
): AuditRecord {
  const [verb = 'Patch', operation = 'Patch'] = OPERATIONS[method] ?? [];
  const type = typeOf(policy);
  return {
    '@odata.type': '#microsoft.graph.auditEvent',
    id: idOf(`${at} ${n} ${correlationId}`),
    displayName: `${verb} ${type} assignment`,
    componentName: 'DeviceConfiguration',
    activity: null,
    activityDateTime: new Date(at).toISOString(),
    activityType: `${verb} ${type}Assignment`,
    activityOperationType: operation,
    activityResult: 'Success',
    correlationId,
    category: 'DeviceConfiguration',
    actor: { auditActorType: 'ItPro', ...actor, servicePrincipalName: null, userId: null, ipAddress: null },
    resources: [
      {
        ...{ auditResourceType: type, displayName: policy.displayName, resourceId: policy.id },
        modifiedProperties: [],
      },
      ...resources,
    ],
  };
}

/** By the method of the request: the verb of an activity, and the kind of operation. */
const OPERATIONS: Readonly<Record<string, readonly [string, string]>> = {
  PATCH: ['Patch', 'Patch'],
  POST: ['Assign', 'Action'],
  DELETE: ['Delete', 'Delete'],
};

type Entry = { readonly id: string; readonly target: GraphTarget } | undefined;

function changeOf(policy: Policy, was: Entry, is: Entry): readonly object[] {
  const before = propertiesOf(was);
  const after = propertiesOf(is);
  const names = [...new Set([...before.keys(), ...after.keys()])];
  const modifiedProperties = names
    .filter((name) => before.get(name) !== after.get(name))
    .map((displayName) => ({
      displayName,
      oldValue: before.get(displayName) ?? null,
      newValue: after.get(displayName) ?? null,
    }));
  if (modifiedProperties.length === 0) return [];
  return [
    {
      ...{ auditResourceType: `${typeOf(policy)}Assignment`, displayName: NOTHING },
      ...{ resourceId: (is ?? was)?.id ?? '', modifiedProperties },
    },
  ];
}

/** As the log spells them: `Target.GroupId`, `Target.Type` without its namespace. */
function propertiesOf(entry: Entry): ReadonlyMap<string, string> {
  if (entry === undefined) return new Map();
  const { '@odata.type': type, ...own } = entry.target;
  return new Map([
    ['Id', entry.id],
    ['Target.Type', capitalized(String(type).replace('#microsoft.graph.', ''))],
    ...Object.entries(own).map(
      ([name, value]) => [`Target.${capitalized(name)}`, value === null ? NOTHING : String(value)] as const,
    ),
  ]);
}

const capitalized = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

const idOf = (text: string): string =>
  createHash('md5')
    .update(text)
    .digest('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');

const FILTER = /^activityDateTime (ge|gt) (\S+)(?: and activityDateTime (le|lt) (\S+))?$/;

/** Without the permission for apps. */
const REFUSED: Refused = {
  status: 403,
  code: 'Forbidden',
  message: 'Application is not authorized to perform this operation.',
  born: 'intune',
};

/**
 * Answers a GET of `auditEvents`, the newest first.
 * @param query already found to be one that OData knows
 * @param address of the list, absolute and without query
 */
export function answerAuditEvents(
  query: URLSearchParams,
  address: string,
  {
    audit,
    auditRefused,
    pageSize,
  }: { readonly audit: AuditLog; readonly auditRefused: boolean; readonly pageSize: number },
): Page {
  if (auditRefused) return { refused: REFUSED };
  const filter = query.get('$filter');
  const [, after, from = '', before, until = ''] = FILTER.exec(filter ?? '') ?? [];
  if (filter !== null && after === undefined)
    return { refused: badModel(`The filter '${filter}' is not supported.`) };
  const isMeant = ({ activityDateTime }: AuditRecord): boolean => {
    const at = Date.parse(activityDateTime);
    const isAfter =
      after === undefined || at > Date.parse(from) || (after === 'ge' && at === Date.parse(from));
    return (
      isAfter &&
      (before === undefined || at < Date.parse(until) || (before === 'le' && at === Date.parse(until)))
    );
  };
  const found = audit.events.filter(isMeant).toReversed();
  return page(found, query, address, pageSize, (event) => selected(event, query));
}
