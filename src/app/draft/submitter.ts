import { EXIT, UserError } from '../../errors.ts';
import type { TokenClaims } from '../../graph/auth/claims.ts';
import { ME, ORGANIZATION, vouchedFor } from '../../graph/reads/vouched.ts';
import { UNKNOWN_SUBMITTER, type Submitter } from '../../runs/approval.ts';
import type { Unapprovable } from '../../runs/lua/publish.ts';
import { graphOf } from '../graphOf.ts';
import { otherTenant, signIn, type Identity } from '../identity.ts';
import type { Services } from '../services.ts';

/**
 * Who makes a run, as far as a sign-in proves it. Where a second person has to say yes, the first one signs in, and Graph vouches for
 * that: a token that nobody has looked at could say that it was somebody else.
 * @param hasReadTenant Graph has taken the sign-in of these services
 * @throws UserError (exit 4) when the sign-in does not work
 */
export async function submitterOf(services: Services, hasReadTenant: boolean): Promise<Submitter> {
  const { identity } = services;
  if (!(await isApprovalDemanded(services)))
    return hasReadTenant ? submitterIn(identity.signedIn?.claims) : UNKNOWN_SUBMITTER;
  const acting = identity.signedIn === undefined ? await signIn(identity, services) : identity;
  if (acting.tenant !== identity.tenant) throw otherTenant(acting.tenant, identity.tenant);
  const submitter = submitterIn(acting.signedIn?.claims);
  return submitter.kind !== 'unknown' && (await isVouched(submitter, acting, services))
    ? submitter
    : UNKNOWN_SUBMITTER;
}

/** Whether runs that are made here wait for a second person, as the tenant's record or the settings have it. */
export const isApprovalDemanded = async ({
  runs,
  identity,
}: Pick<Services, 'runs' | 'identity'>): Promise<boolean> =>
  identity.config.approval !== 'tenant' || (await runs.approvalRule())?.isRequired === true;

/** What a token says. */
function submitterIn(claims: TokenClaims | undefined): Submitter {
  if (claims === undefined) return UNKNOWN_SUBMITTER;
  const { isDelegated, objectId, user, appId } = claims;
  if (!isDelegated)
    return appId === undefined ? UNKNOWN_SUBMITTER : { kind: 'app', oid: '', name: user ?? `app ${appId}` };
  return objectId === undefined
    ? UNKNOWN_SUBMITTER
    : { kind: 'person', oid: objectId, name: user ?? objectId };
}

async function isVouched(submitter: Submitter, identity: Identity, services: Services): Promise<boolean> {
  const graph = graphOf(identity, services, 'v1.0');
  try {
    const isPerson = submitter.kind === 'person';
    const vouched = await vouchedFor(graph, isPerson ? ME : ORGANIZATION, services.interrupted);
    if (vouched.kind !== 'knows') return vouched.kind === 'forbids';
    return !isPerson || vouched.id === submitter.oid;
  } finally {
    await graph.close();
  }
}

export function unapprovable(why: Unapprovable, hint: Identity['hint']): UserError {
  const rule = hint('approval');
  return why === 'noPlan'
    ? new UserError('A second person has to approve the plan of each run, and this one has none.', {
        remedy: `Leave --no-plan out. \`${rule}\` shows what is demanded and by whom it was set.`,
        exitCode: EXIT.badInput,
      })
    : new UserError(
        'A second person has to approve each run, and nobody could tell the second from the first.',
        {
          remedy: `Sign in, as yourself with --sign-in device-code or as an app of the tenant; Graph did not vouch for the sign-in used here. \`${rule}\` shows what is demanded.`,
          exitCode: EXIT.badInput,
        },
      );
}
