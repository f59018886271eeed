import { auditEvents, AUDIT_PERMISSION, type AuditEvent } from '../../graph/reads/auditEvents.ts';
import type { SendReads } from '../../graph/reads/reading.ts';
import type { HistoryAsked } from './asked.ts';
import type { HistoryEntry } from './history.ts';

/** A change by the portal, or by somebody else's program, between the runs. */
export interface OtherChange {
  readonly kind: 'other';
  /** Ms since the epoch. */
  readonly at: number;
  readonly who: string;
  /** What it was done with. */
  readonly app: string;
  readonly what: string;
  readonly policyId: string;
  readonly policy: string;
  readonly changes: AuditEvent['resources'][number]['changes'];
  readonly result: string;
}

export type OtherChanges =
  | { readonly kind: 'changes'; readonly changes: readonly OtherChange[] }
  /** What the sign-in lacks. */
  | { readonly kind: 'forbidden'; readonly permission: string }
  | { readonly kind: 'unread'; readonly why: string };

/** A write is in the log within so many ms of its reply. */
const OWN_WITHIN_MS = 120_000;

/**
 * What others changed of the assignments that are asked for. Our own writes are left out: they are known by the id of their request, or
 * by the app, the policy and the time.
 * @param entries what the runs have done
 */
export async function otherChanges(
  asked: HistoryAsked,
  [from, until]: readonly [from: number, until: number],
  entries: readonly HistoryEntry[],
  send: SendReads,
  base: string,
): Promise<OtherChanges> {
  const read = await auditEvents(from, until, send, base);
  if (read.kind === 'forbidden') return { ...read, permission: AUDIT_PERMISSION };
  if (read.kind === 'unread') return read;
  const isOwn = ownIn(entries);
  return {
    kind: 'changes',
    changes: read.events
      .filter((event) => isOfAssignments(event) && isAbout(event, asked) && !isOwn(event))
      .map(changeIn),
  };
}

const isOfAssignment = (type: string): boolean => /assignment/i.test(type);

const isOfAssignments = ({ activity, resources }: AuditEvent): boolean =>
  /assign/i.test(activity) || resources.some(({ type }) => isOfAssignment(type));

const isAbout = ({ resources }: AuditEvent, asked: HistoryAsked): boolean =>
  asked.isAny ||
  resources.some(
    ({ type, id, name, changes }) =>
      (!isOfAssignment(type) && (asked.isMeant(id) || asked.fits(name))) ||
      changes.some(({ from, to }) => asked.isMeant(from) || asked.isMeant(to)),
  );

function ownIn(entries: readonly HistoryEntry[]): (event: AuditEvent) => boolean {
  const requests = new Set(entries.flatMap(({ clientRequestId }) => clientRequestId?.toLowerCase() ?? []));
  const times = Map.groupBy(
    entries.filter(({ status }) => status !== 'pending' && status !== 'cancelled'),
    ({ address, run }) => `${run.appId.toLowerCase()} ${address.policyId.toLowerCase()}`,
  );
  return ({ correlationId, appId, at, resources }) =>
    requests.has(correlationId) ||
    resources.some(({ id }) =>
      times.get(`${appId} ${id.toLowerCase()}`)?.some((entry) => Math.abs(entry.at - at) <= OWN_WITHIN_MS),
    );
}

function changeIn({ at, actor, app, activity, result, resources }: AuditEvent): OtherChange {
  const policy = resources.find(({ type }) => !isOfAssignment(type)) ?? resources[0];
  return {
    ...{ kind: 'other', at, who: actor, app, what: activity, result },
    ...{ policyId: policy?.id ?? '', policy: policy?.name ?? '' },
    changes: resources.flatMap(({ changes }) => changes),
  };
}
