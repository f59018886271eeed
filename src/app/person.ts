import { EXIT, UserError } from '../errors.ts';
import { ME, vouchedFor } from '../graph/reads/vouched.ts';
import type { KnownPerson } from '../runs/approval.ts';
import { graphOf } from './graphOf.ts';
import type { Host } from './host.ts';
import { signedIn, type Identity } from './identity.ts';

/** All that is asked of a person who only says who it is. */
export const PERSON_SCOPES = ['User.Read'] as const;

/**
 * The person who has signed in. The token's signature is not looked at here: Graph is asked with it who that is, and refuses a forged
 * one. An account of this machine is nobody, and so is an app.
 * @throws UserError (exit 2) when it is no person, or (exit 4) when Graph does not vouch for it
 */
export async function personSignedIn(identity: Identity, host: Host): Promise<KnownPerson> {
  const { claims } = signedIn(identity);
  const { objectId } = claims ?? {};
  if (claims === undefined || !claims.isDelegated || objectId === undefined) throw isNoPerson();
  if (claims.tenantId?.toLowerCase() !== identity.tenant) throw isElsewhere(claims.tenantId, identity.tenant);
  const graph = graphOf(identity, host, 'v1.0');
  try {
    const vouched = await vouchedFor(graph, ME, host.interrupted);
    if (vouched.kind === 'knows' && vouched.id === objectId)
      return { oid: objectId, name: claims.user ?? objectId };
    throw notVouched(
      vouched.kind === 'knows'
        ? 'it knows the token as somebody else’s'
        : vouched.kind === 'forbids'
          ? 'the sign-in lacks the permission User.Read'
          : vouched.message,
    );
  } finally {
    await graph.close();
  }
}

const WAYS = '`az login` as yourself, or add --sign-in device-code (or browser)';

const isNoPerson = (): UserError =>
  new UserError('Only a person who has signed in can do this: the sign-in used here is an app’s.', {
    remedy: `Unset RETARGET_ACCESS_TOKEN and AZURE_CLIENT_SECRET where they are set, and ${WAYS}.`,
    exitCode: EXIT.badInput,
  });

const isElsewhere = (theirs: string | undefined, tenant: string): UserError =>
  new UserError(`The sign-in is for tenant ${theirs ?? 'unknown'}, and this is about ${tenant}.`, {
    remedy: `Sign in to the tenant itself: ${WAYS}, with --tenant.`,
    exitCode: EXIT.badInput,
  });

const notVouched = (why: string): UserError =>
  new UserError(`Graph does not say that you are who the sign-in says: ${why}.`, {
    remedy: `Sign in anew: ${WAYS}. An app of your own needs the delegated permission User.Read.`,
    exitCode: EXIT.environment,
  });
