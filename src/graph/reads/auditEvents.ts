import { isJsonObject, type JsonObject } from '../../assignments/values/json.ts';
import { collection, readAll, type SendReads } from './reading.ts';

/** Pages of the audit log that are read: they hold a few hundred events each, and a tenant may write thousands a day. */
const AUDIT_PAGES_MAX = 100;

/** What reads the audit log, besides what reads apps. Source: learn.microsoft.com/graph/api/intune-auditing-auditevent-list */
export const AUDIT_PERMISSION = 'DeviceManagementApps.Read.All';

/** Something that was changed in Intune, by whomever. */
export interface AuditEvent {
  /** Ms since the epoch. */
  readonly at: number;
  /** Who did it: the user, or the application where it acted by itself. */
  readonly actor: string;
  /** The application that it was done with; '' where the event says none. */
  readonly appId: string;
  readonly app: string;
  /** As in "Create DeviceManagementConfigurationPolicyAssignment". */
  readonly activity: string;
  readonly result: string;
  /** The `client-request-id` of the request that did it. */
  readonly correlationId: string;
  readonly resources: readonly AuditResource[];
}

/** A policy, or an assignment of one, that an event is about. */
export interface AuditResource {
  readonly type: string;
  readonly id: string;
  readonly name: string;
  readonly changes: readonly { readonly property: string; readonly from: string; readonly to: string }[];
}

export type AuditEvents =
  | { readonly kind: 'events'; readonly events: readonly AuditEvent[] }
  /** This sign-in may not read them. */
  | { readonly kind: 'forbidden' }
  /** Why not, as a clause. */
  | { readonly kind: 'unread'; readonly why: string };

/**
 * What was changed between two moments, in ms since the epoch, in the order in which Graph shows it.
 * Source: learn.microsoft.com/graph/api/resources/intune-auditing-auditevent
 * @param base root and version, for links to further pages
 */
export async function auditEvents(
  from: number,
  until: number,
  send: SendReads,
  base: string,
): Promise<AuditEvents> {
  const filter = `activityDateTime ge ${moment(from)} and activityDateTime le ${moment(until)}`;
  const url = `/deviceManagement/auditEvents?$filter=${encodeURIComponent(filter)}`;
  const [read] = await readAll([collection(url, base, AUDIT_PAGES_MAX)], send);
  switch (read?.kind) {
    case 'all':
      return { kind: 'events', events: read.items.filter(isJsonObject).flatMap(eventIn) };
    case 'refused':
      return read.status === 403
        ? { kind: 'forbidden' }
        : { kind: 'unread', why: `${read.error.code}: ${read.error.message}` };
    case 'unread':
    case 'unreadable':
      return { kind: 'unread', why: read.why };
    case 'signIn':
      return { kind: 'unread', why: read.error.message };
    case undefined:
      return { kind: 'unread', why: 'nothing came' };
  }
}

const moment = (at: number): string => new Date(at).toISOString();

function eventIn(event: JsonObject): AuditEvent[] {
  const at = Date.parse(textOf(event['activityDateTime']));
  if (Number.isNaN(at)) return [];
  const actor = isJsonObject(event['actor']) ? event['actor'] : {};
  const app = textOf(actor['applicationDisplayName']);
  return [
    {
      ...{ at, app, appId: textOf(actor['applicationId']).toLowerCase() },
      actor:
        textOf(actor['userPrincipalName']) || textOf(actor['servicePrincipalName']) || app || 'not known',
      activity: textOf(event['activityType']) || textOf(event['displayName']),
      result: textOf(event['activityResult']),
      correlationId: textOf(event['correlationId']).toLowerCase(),
      resources: listIn(event['resources']).map(resourceIn),
    },
  ];
}

const resourceIn = (resource: JsonObject): AuditResource => ({
  type: textOf(resource['auditResourceType']) || textOf(resource['type']),
  id: textOf(resource['resourceId']),
  name: textOf(resource['displayName']),
  changes: listIn(resource['modifiedProperties']).map((change) => ({
    property: textOf(change['displayName']),
    from: textOf(change['oldValue']),
    to: textOf(change['newValue']),
  })),
});

const listIn = (value: unknown): readonly JsonObject[] =>
  Array.isArray(value) ? value.filter(isJsonObject) : [];

/** Intune writes `<null>` for what is not there. */
const textOf = (value: unknown): string => (typeof value === 'string' && value !== '<null>' ? value : '');
