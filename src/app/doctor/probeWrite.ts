import { type CurrentAssignment, isOfPolicySet } from '../../assignments/changes/current.ts';
import { fingerprintOf } from '../../assignments/changes/fingerprint.ts';
import { sameId } from '../../assignments/values/ids.ts';
import { sentEntry } from '../../assignments/changes/sentEntry.ts';
import { restoringBody } from '../../assignments/changes/inverse.ts';
import { outcomeOf } from '../../assignments/changes/outcome.ts';
import { addressFromParts, ID_REMEDY, listPath, type Address } from '../../assignments/kinds/address.ts';
import { writesBy, type Strategy } from '../../assignments/kinds/kind.ts';
import { kindNamed, KINDS, type PolicyKind, type PolicyType } from '../../assignments/kinds/registry.ts';
import { differencesInWords, isLossy, listDifferences } from '../../assignments/changes/listDifferences.ts';
import { assignRequest, patchRequest } from '../../assignments/changes/request.ts';
import { targetInWords } from '../../assignments/changes/changeKind.ts';
import { EXIT, UserError } from '../../errors.ts';
import type { EnvelopeReply, GraphClient } from '../../graph/client/graphClient.ts';
import { grantRemedy } from '../../graph/auth/permission.ts';
import { readCurrentAssignments, type ReadList } from '../../graph/reads/currentAssignments.ts';
import { TenantStopped } from '../../worker/limiter/limiter.ts';
import { sendLoneWrite } from '../../worker/limiter/loneWrite.ts';
import { readsWithin } from '../../worker/limiter/permittedReads.ts';
import { failed, ok, warning, type Check } from './check.ts';
import { graphOf } from '../graphOf.ts';
import type { Host } from '../host.ts';
import { signedIn, type Identity } from '../identity.ts';
import { openServices, type Services } from '../services.ts';

/** What a write showed of the tenant. */
export interface Probe {
  readonly check: Check;
  /** How this tenant can be written to; null: it did not show. */
  readonly strategy: Strategy | null;
}

/** What is about to be written back: the target that is there. */
export interface ProbedWrite {
  readonly path: string;
  readonly target: string;
}

/** What is known of the tenant, and who is to be asked before the write. */
export interface ProbeTerms {
  readonly typesToApprove: ReadonlySet<PolicyType>;
  readonly mayWrite: (write: ProbedWrite) => Promise<boolean>;
}

/** An assignment with the target that it has, in the list that it is in. */
interface Found {
  readonly address: Address;
  readonly current: CurrentAssignment;
  readonly list: readonly CurrentAssignment[];
}

/** The kinds of which something can be written that changes nothing: not those where an assignment only comes or goes. */
const WRITTEN = KINDS.filter(({ write }) => write.how === 'patch' || write.how === 'assign');

/**
 * The assignments that `<policy>/<assignment>` may name: a policy's id does not tell its type, so there is one of each type,
 * unless the type stands before it.
 * @throws UserError (exit 2) for anything else
 */
export function probedAddresses(text: string): readonly Address[] {
  const parts = text.split('/').filter((part) => part !== '');
  const typeName = parts.length === 3 ? parts.shift() : undefined;
  const [policyId = '', assignmentId = ''] = parts;
  const named = typeName === undefined ? undefined : kindNamed(typeName);
  const kinds = typeName === undefined ? WRITTEN : WRITTEN.filter((kind) => kind === named);
  if (named !== undefined && kinds.length === 0 && parts.length === 2) throw unprobed(named);
  if (parts.length !== 2 || kinds.length === 0)
    throw new UserError(`--probe-write is "${text}".`, {
      remedy: `Write it as POLICY_ID/ASSIGNMENT_ID, or as TYPE/POLICY_ID/ASSIGNMENT_ID, where TYPE is one of ${WRITTEN.map(({ policyType }) => policyType).join(', ')}; \`retarget export\` shows them.`,
      exitCode: EXIT.badInput,
    });
  return kinds.map((kind) => {
    const address = addressFromParts({ kind, policyId, assignmentId, via: '' });
    if ('part' in address)
      throw new UserError(`--probe-write: ${address.message}`, {
        remedy: ID_REMEDY,
        exitCode: EXIT.badInput,
      });
    return address;
  });
}

/** Why there is no write of a kind that changes nothing. */
const unprobed = ({ label, write }: PolicyKind): UserError =>
  new UserError(
    write.how === 'refused'
      ? `--probe-write: ${write.because}`
      : `--probe-write: an assignment of ${label.many} is only added or removed: no write leaves it as it is.`,
    {
      remedy:
        write.how === 'refused'
          ? write.instead
          : 'Plan a file of one row, and apply it: its result shows whether the tenant takes that.',
      exitCode: EXIT.badInput,
    },
  );

/**
 * Writes an assignment's current target back to it by PATCH, or the whole list of its policy where its kind has only that, which changes
 * nothing, and reads it: does this tenant take that?
 */
export async function probeWrite(
  addresses: readonly Address[],
  identity: Identity,
  terms: ProbeTerms,
  host: Host,
): Promise<Probe> {
  const graph = graphOf(identity, host);
  try {
    await using services = await openServices(identity, host);
    return await probeIn(services, graph, addresses, terms);
  } catch (error) {
    if (error instanceof TenantStopped) return unknown(STOPPED);
    if (error instanceof UserError) return unknown(error);
    throw error;
  } finally {
    await graph.close();
  }
}

const STOPPED = {
  message: 'Not tried: somebody has stopped the tenant.',
  remedy: 'Let it go on with `retarget resume --all`, then try again.',
};

export const unknown = (why: Pick<UserError, 'message' | 'remedy'>): Probe => ({
  check: failed('write', why),
  strategy: null,
});

async function probeIn(
  services: Services,
  graph: GraphClient,
  addresses: readonly Address[],
  { typesToApprove, mayWrite }: ProbeTerms,
): Promise<Probe> {
  const { identity, interrupted } = services;
  const found = foundIn(await readLists(addresses, services, graph), addresses);
  if ('message' in found) return unknown(found);
  const { address, current, list } = found;
  const path = `${listPath(address)}/${current.id}`;
  if (isOfPolicySet(current))
    return unknown({
      message: `Not tried: ${path} belongs to a policy set.`,
      remedy: 'Name an assignment that was made by itself; `retarget export` shows them.',
    });
  if (typesToApprove.has(address.kind.policyType))
    return notTried('each write would ask a second administrator for approval', {
      remedy:
        'Apply a file of one row with --justification "…": its result shows whether the tenant takes PATCH.',
    });
  if (!(await mayWrite({ path, target: targetInWords(current.target) })))
    return notTried('the answer was no', { remedy: 'Answer yes, or add --yes.' });
  const body = restoringBody(current, address.kind, identity.config.apiVersion);
  const limiter = services.limiterOn(services.runs).of(address.kind.family);
  const request = isPatched(found)
    ? patchRequest({ address }, body, current)
    : assignRequest(
        address,
        list.map(({ whole }) => sentEntry(address.kind, whole)),
      );
  const reply = await sendLoneWrite(request, { limiter, graph }, interrupted);
  return judged(reply, found, services, graph);
}

const isPatched = ({ address }: Found): boolean => writesBy(address.kind, 'patch') === 'patch';

const notTried = (why: string, { remedy }: Pick<UserError, 'remedy'>): Probe => ({
  check: warning('write', `Not tried: ${why}.`, remedy),
  strategy: null,
});

const readLists = (
  addresses: readonly Address[],
  { runs, identity, limiterOn, interrupted }: Services,
  graph: GraphClient,
): Promise<ReadonlyMap<string, ReadList>> =>
  readCurrentAssignments(
    addresses,
    readsWithin({ limiter: limiterOn(runs), graph }, undefined, interrupted),
    `${identity.config.graphUrl}/${identity.config.apiVersion}`,
  );

/** The assignment, or why there is none. */
function foundIn(
  byList: ReadonlyMap<string, ReadList>,
  addresses: readonly Address[],
): Found | Pick<UserError, 'message' | 'remedy'> {
  const readings = addresses.map((address) => ({ address, reading: byList.get(listPath(address)) }));
  for (const { address, reading } of readings) {
    const list = reading?.kind === 'list' ? reading.assignments : [];
    const current = list.find(({ id }) => sameId(id, address.assignmentId));
    if (current !== undefined) return { address, current, list };
  }
  const refusal = readings
    .map(({ reading }) => reading)
    .find((reading) => reading?.kind === 'signIn' || (reading?.kind === 'refused' && reading.status !== 404));
  const isUnread = readings.some(({ reading }) => reading?.kind === 'unread');
  const why =
    refusal !== undefined && 'error' in refusal
      ? `it can't be read (${refusal.error.code}: ${refusal.error.message})`
      : isUnread
        ? "it can't be read now"
        : 'no policy has it';
  return {
    message: `Not tried on ${addresses.map(({ policyId, assignmentId }) => `${policyId}/${assignmentId}`)[0]}: ${why}.`,
    remedy: 'Take policyId and assignmentId of a line that `retarget export` writes.',
  };
}

async function judged(
  envelope: EnvelopeReply,
  found: Found,
  services: Services,
  graph: GraphClient,
): Promise<Probe> {
  const { identity } = services;
  if (envelope.kind === 'unreached') return unknown(envelope.error);
  const reply =
    envelope.kind === 'refused' ? { ...envelope, kind: 'answered' as const } : envelope.replies[0];
  if (reply === undefined) return unknown({ message: LOST, remedy: AGAIN });
  const outcome = outcomeOf(reply, 1, identity.pace.windowMs, () => 0);
  switch (outcome.kind) {
    case 'succeeded':
      return readBack(found, services, graph);
    case 'routeRefused':
      if (!isPatched(found))
        return unknown({
          message: `This tenant does not take assign on ${found.address.kind.label.many} (${outcome.error.code}); nothing was changed.`,
          remedy: 'Change them in Intune, and tell the maintainers of this program.',
        });
      return {
        check: warning(
          'write',
          `This tenant does not take PATCH on assignments (${outcome.error.code}); nothing was changed.`,
          'Add --strategy assign to plan, apply and submit: each policy is then written as a whole list.',
        ),
        strategy: 'assign',
      };
    case 'throttled':
      return unknown({ message: 'The tenant is throttled; nothing was changed.', remedy: AGAIN });
    case 'lost':
      return unknown({ message: LOST, remedy: AGAIN });
    case 'again':
    case 'gaveUp':
    case 'missing':
    case 'askedBefore':
    case 'awaitingApproval':
    case 'signIn':
      return unknown({ message: saidOf(outcome.error), remedy: AGAIN });
    case 'failed': {
      const isForbidden = outcome.httpStatus === 403;
      const claims = signedIn(identity).claims ?? { roles: [], scopes: [] };
      return unknown({
        message: saidOf(outcome.error),
        remedy: isForbidden
          ? grantRemedy(claims, [found.address.kind.permissions.write])
          : 'Nothing was changed. Try an assignment of another policy.',
      });
    }
  }
}

const saidOf = ({ code, message }: { readonly code: string; readonly message: string }): string =>
  `The write was refused (${code}: ${message}).`;

const LOST = 'The reply to the write was lost; whether it came through or not, nothing was changed by it.';
const AGAIN = 'Try again.';

/** Graph's word is not enough: the assignment must be there as it was. A tenant may have given it another id. */
async function readBack(found: Found, services: Services, graph: GraphClient): Promise<Probe> {
  const { address, current } = found;
  const by = isPatched(found) ? 'PATCH' : 'assign';
  const reading = (await readLists([address], services, graph)).get(listPath(address));
  if (reading?.kind !== 'list')
    return unknown({ message: `${by} was answered with success, but can’t be read back.`, remedy: AGAIN });
  if (!isPatched(found)) return readBackWhole(found, reading.assignments);
  const now = reading.assignments.find(({ id }) => sameId(id, current.id));
  const same = [...(now ? [now] : reading.assignments)].find(
    (each) => fingerprintOf(each) === fingerprintOf(current),
  );
  if (same === undefined)
    return unknown({
      message: `PATCH was answered with success, but read back ${now ? targetInWords(now.target) : 'it is gone'} instead of ${targetInWords(current.target)}.`,
      remedy: 'Look at the policy in Intune: somebody may have changed it at the same moment.',
    });
  const rekeyed = now === undefined ? `, under the new id ${same.id}` : '';
  return {
    check: ok(
      'write',
      `PATCH works: the target was written back and is there as before${rekeyed}. Strategy: patch.`,
    ),
    strategy: 'patch',
  };
}

/** What is missing from a list that is written whole is unassigned. */
function readBackWhole({ address, list }: Found, now: readonly CurrentAssignment[]): Probe {
  const differences = listDifferences(
    list.map(({ whole }) => whole),
    now,
    address,
  );
  if (isLossy(differences))
    return unknown({
      message: `assign was answered with success, but read back the policy ${differencesInWords(differences)}.`,
      remedy: `Look at the ${address.kind.label.one} ${address.policyId} in Intune, and put back what it lacks; do not write this kind here.`,
    });
  return {
    check: ok(
      'write',
      `assign works: the list of ${list.length} was written back and is there as before. Strategy: assign.`,
    ),
    strategy: 'assign',
  };
}
