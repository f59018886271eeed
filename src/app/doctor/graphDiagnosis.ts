import { endsBefore, type TokenClaims } from '../../graph/auth/claims.ts';
import { randomUUID } from 'node:crypto';
import { isJsonObject } from '../../assignments/values/json.ts';
import type { ApiVersion } from '../../assignments/values/apiVersion.ts';
import { CONFIGURATION } from '../../assignments/kinds/permissions.ts';
import { capitalized } from '../../assignments/kinds/kind.ts';
import { kindsIn, type PolicyKind, type PolicyType } from '../../assignments/kinds/registry.ts';
import { UserError } from '../../errors.ts';
import { APPROVAL_POLICIES, policyTypesIn } from '../../graph/reads/approvals.ts';
import { type Credentials } from '../../graph/auth/credentials.ts';
import { createGraphClient, type EnvelopeReply, type GraphClient } from '../../graph/client/graphClient.ts';
import { accessOf, grantRemedy, PERMISSIONS } from '../../graph/auth/permission.ts';
import { authorityFrom } from '../../graph/auth/credentialSource.ts';
import { BATCH_SIZE_MAX, type LostWhy, type Reply } from '../../graph/client/batchEnvelope.ts';
import { namesProxy, proxyFor, type Proxy } from '../../graph/client/proxy.ts';
import { cheapestRead } from '../../graph/client/tellReach.ts';
import { VERSION } from '../../version.ts';
import { approvalInWords } from '../plan/justification.ts';
import { failed, ok, warning, type Check } from './check.ts';
import type { Host } from '../host.ts';
import { signIn, type Identity } from '../identity.ts';
import { tenantDomain } from './tenantName.ts';
import { noteOfTokenEnd, RENEWED_SIGN_IN } from '../tokenExpiry.ts';

/** A diagnosis waits shorter than work does. */
const LIMITS = { connectMs: 4_000, requestMs: 20_000 };
const SEND_WITHIN_MS = 5_000;
/** A clock that is off by more shows wrong times; by minutes, and sign-ins with a certificate fail. */
const CLOCK_OFF_MAX_MS = 60_000;

export interface GraphDiagnosis {
  readonly checks: readonly Check[];
  /** With the sign-in, if there is one. */
  readonly identity: Identity;
  readonly domain: string | null;
  /** Of whose policies each change has to be approved, as far as this sign-in may read that. */
  readonly typesToApprove: ReadonlySet<PolicyType>;
  /** Of which kinds policies could be read. */
  readonly typesRead: ReadonlySet<PolicyType>;
}

/** Signs in and reads: what a run would do, short of writing. Without a sign-in it still looks whether Graph is there. */
export async function graphDiagnosis(known: Identity, host: Host): Promise<GraphDiagnosis> {
  const { identity, checks } = await signInChecks(known, host);
  const isSignedIn = identity.signedIn !== undefined;
  const clientOf = (apiVersion: ApiVersion): GraphClient =>
    createGraphClient({
      root: identity.config.graphUrl,
      apiVersion,
      credentials: identity.signedIn?.credentials ?? NOBODY,
      userAgent: `retarget/${VERSION}`,
      proxy: proxyFor(identity.config.graphUrl, identity.config.env),
      limits: LIMITS,
    });
  const graph = clientOf(identity.config.apiVersion);
  const beta = clientOf('beta');
  try {
    const asked = Date.now();
    const kinds = kindsIn(identity.config.apiVersion);
    const [first = [], ...rest] = batched(kinds);
    const readOf = (some: readonly PolicyKind[]): Promise<EnvelopeReply> =>
      graph.postBatch(
        some.map((kind) => ({ method: 'GET', url: cheapestRead(kind), clientRequestId: randomUUID() })),
        { signal: host.interrupted, deadlineMs: SEND_WITHIN_MS },
      );
    const reply = await readOf(first);
    const tookMs = Date.now() - asked;
    const reached = [
      ...proxyCheck(identity),
      reachCheck(reply, tookMs, identity),
      ...clockCheck(reply, asked + tookMs / 2),
    ];
    const more = isSignedIn && reply.kind === 'replies' ? await Promise.all(rest.map(readOf)) : [];
    const read = isSignedIn ? readIn([reply, ...more], [first, ...rest]) : [];
    const reads = isSignedIn ? kindChecks(reply, read, identity) : [];
    const isThere = isSignedIn && reply.kind !== 'unreached';
    const tenant = isThere ? await tenantCheck(identity, graph, host) : { domain: null, checks: [] };
    const types = isThere ? await typesToApprove(beta, host) : new Set<PolicyType>();
    return {
      checks: [...checks, ...tenant.checks, ...reached, ...reads, ...approvalCheck(types)],
      identity,
      domain: tenant.domain,
      typesToApprove: types,
      typesRead: new Set(read.filter(isRead).map(({ kind }) => kind.policyType)),
    };
  } finally {
    await graph.close();
    await beta.close();
  }
}

const batched = (kinds: readonly PolicyKind[]): readonly (readonly PolicyKind[])[] =>
  Array.from({ length: Math.ceil(kinds.length / BATCH_SIZE_MAX) }, (_, i) =>
    kinds.slice(i * BATCH_SIZE_MAX, (i + 1) * BATCH_SIZE_MAX),
  );

/** One page: there is at most one approval policy for each type and platform. */
async function typesToApprove(beta: GraphClient, { interrupted }: Host): Promise<ReadonlySet<PolicyType>> {
  const request = { method: 'GET' as const, url: APPROVAL_POLICIES, clientRequestId: randomUUID() };
  const envelope = await beta.postBatch([request], { signal: interrupted, deadlineMs: SEND_WITHIN_MS });
  const reply = envelope.kind === 'replies' ? envelope.replies[0] : undefined;
  const body = reply?.kind === 'answered' && reply.status < 300 ? reply.body : undefined;
  const items = isJsonObject(body) ? body['value'] : undefined;
  return policyTypesIn(Array.isArray(items) ? (items as unknown[]) : []);
}

const approvalCheck = (types: ReadonlySet<PolicyType>): readonly Check[] =>
  types.size === 0
    ? []
    : [
        warning(
          'approval',
          `${approvalInWords([...types])}.`,
          'Add --justification "…" to apply, submit and rollback; `retarget resume RUN --work` goes on with what was approved.',
        ),
      ];

/** Shows whether Graph is there to somebody who has no sign-in: it answers 401. */
const NOBODY: Credentials = {
  token: async () => 'none',
  renew: async () => false,
  claims: async () => undefined,
};

async function signInChecks(
  known: Identity,
  host: Host,
): Promise<{ identity: Identity; checks: readonly Check[] }> {
  let identity: Identity;
  try {
    identity = await signIn(known, host);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { identity: known, checks: [failed('sign-in', error)] };
  }
  const claims = identity.signedIn?.claims;
  const note = noteOfTokenEnd(identity, Date.now());
  const who = [...(claims?.user === undefined ? [] : [claims.user]), `app ${identity.appId}`].join(
    ' through ',
  );
  if (endsBefore(claims, Date.now()) && note !== undefined) {
    return { identity, checks: [failed('sign-in', { message: note, remedy: RENEWED_SIGN_IN })] };
  }
  const how = identity.isReadyToken
    ? 'the ready token of RETARGET_ACCESS_TOKEN'
    : 'a sign-in that renews itself';
  const signedIn = ok('sign-in', `As ${who}, with ${how}.`);
  const end = note === undefined ? [] : [warning('token end', note, RENEWED_SIGN_IN)];
  return {
    identity,
    checks: [signedIn, ...end, ...permissionChecks(identity)],
  };
}

/**
 * What is held of the permissions to write. A sign-in that may write some kinds may well be meant for those alone: what it lacks for the
 * others stands with the kinds.
 */
function permissionChecks(identity: Identity): readonly Check[] {
  const claims = identity.signedIn?.claims;
  const held = PERMISSIONS.filter((each) => accessOf(claims, [each]) === 'write');
  return held.length > 0
    ? [ok('permission', `${held.map(({ write }) => write.name).join(', ')}: reads and writes.`)]
    : [lackingCheck(identity)];
}

function lackingCheck({ signedIn }: Identity): Check {
  const claims = signedIn?.claims;
  const remedy = grantRemedy(claims ?? NO_CLAIMS, [CONFIGURATION.write]);
  const { name } = CONFIGURATION.write;
  switch (accessOf(claims)) {
    case 'write':
    case 'read':
      return failed('permission', {
        message: 'The sign-in may only read: `plan` works, no write will.',
        remedy,
      });
    case 'none':
      return failed('permission', {
        message: `The sign-in has not the permission ${name}, nor that to read.`,
        remedy,
      });
    case 'unknown':
      return warning(
        'permission',
        "The token can't be read, so nobody knows whether it may write.",
        `If writes are refused with 403, give its app ${name}.`,
      );
  }
}

const NO_CLAIMS = { roles: [], scopes: [] };

async function tenantCheck(
  identity: Identity,
  graph: GraphClient,
  host: Host,
): Promise<{ domain: string | null; checks: readonly Check[] }> {
  const { tenant, config } = identity;
  try {
    const domain = await tenantDomain(identity, graph, host.interrupted);
    const name = domain === undefined ? tenant : `${domain} (${tenant})`;
    return {
      domain: domain ?? null,
      checks: [ok('tenant', `${name}, cloud ${config.cloud}, at ${config.graphUrl}.`)],
    };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { domain: null, checks: [failed('tenant', error)] };
  }
}

/** What requests go through, said where any setting names a proxy. */
function proxyCheck({ config: { graphUrl, env, cloud }, isReadyToken }: Identity): readonly Check[] {
  const way = (proxy: Proxy | undefined): string =>
    proxy === undefined ? 'directly' : `through ${proxy.shown} (${proxy.setting})`;
  const graph = proxyFor(graphUrl, env);
  const signIn = isReadyToken ? undefined : proxyFor(authorityFrom({ env, cloud }).url, env);
  if (graph === undefined && signIn === undefined && !namesProxy(env)) return [];
  const ofSignIn = isReadyToken ? '' : `, the sign-in ${way(signIn)}`;
  return [ok('proxy', `Graph is reached ${way(graph)}${ofSignIn}.`)];
}

function reachCheck(reply: EnvelopeReply, tookMs: number, { config }: Identity): Check {
  const where = `${config.graphUrl}/${config.apiVersion}`;
  const { host } = new URL(where);
  const curl = `\`curl -sS -o /dev/null -w '%{http_code}\\n' ${where}/\` prints a number from 200 to 499 when it is reached.`;
  if (reply.kind === 'unreached') {
    const { message, remedy, passes } = reply.error;
    // A certificate or a proxy that curl takes tells nothing of Node's.
    return failed('graph', { message, remedy: passes ? `${remedy} ${curl}` : remedy });
  }
  if (reply.kind === 'refused' && reply.isForeign === true) {
    return failed('graph', {
      message: reply.error.message,
      remedy: `Have the proxy or gateway let POST ${where}/$batch through; the answer is none of Graph's.`,
    });
  }
  const [first] = reply.kind === 'replies' ? reply.replies : [];
  if (first?.kind === 'lost') {
    return failed('graph', {
      message: `What answers at ${where} is not Graph (${first.saw ?? first.why}).`,
      remedy: isPortal(first)
        ? `Sign in to this network with a browser, if it asks for that; else have the proxy let ${host} through, and check RETARGET_GRAPH_URL. ${curl}`
        : `Check the network, the proxy and RETARGET_GRAPH_URL: ${curl}`,
    });
  }
  return ok('graph', `${where} answers in ${tookMs} ms.`);
}

/** A network that wants something first answers all that is asked of anybody with its page, or leads there. */
const isPortal = ({ why }: { readonly why: LostWhy }): boolean => why === 'redirected' || why === 'notJson';

function clockCheck(reply: EnvelopeReply, ourMs: number): readonly Check[] {
  const theirMs = reply.kind === 'unreached' ? NaN : Date.parse(reply.date ?? '');
  if (Number.isNaN(theirMs)) return [];
  // The header has whole seconds.
  const offMs = Math.max(0, Math.abs(ourMs - theirMs - 500) - 500);
  if (offMs <= CLOCK_OFF_MAX_MS) return [ok('clock', "This machine's clock agrees with Graph's.")];
  return [
    warning(
      'clock',
      `This machine's clock is ${Math.round(offMs / 1000)} s ${ourMs > theirMs ? 'ahead of' : 'behind'} Graph's.`,
      'Run `sudo timedatectl set-ntp true`.',
    ),
  ];
}

/** One check of all kinds of policies; where some can be read, one for each that can't; and what can be done with which. */
function kindChecks(first: EnvelopeReply, read: readonly ReadKind[], identity: Identity): readonly Check[] {
  if (first.kind === 'unreached') return [];
  if (first.kind === 'refused') return intuneCheck(first, 'Policies', identity);
  if (!read.some(isRead)) return intuneCheck(read[0]?.reply, 'Policies', identity);
  const claims = identity.signedIn?.claims;
  const isMeant = ({ kind }: ReadKind): boolean => accessOf(claims, [kind.permissions]) !== 'none';
  const unread = read.filter((each) => !isRead(each) && isMeant(each) && !isAbsent(each));
  const failures = [...Map.groupBy(unread, saidOfKind).values()].flatMap((same) =>
    intuneCheck(
      ...([same[0]?.reply, capitalized(same.map(({ kind }) => kind.label.many).join(', '))] as const),
      ...([identity, same.map(({ kind }) => kind)] as const),
    ),
  );
  return [
    ...(failures.length > 0 ? failures : [ok('intune', 'Policies can be read.')]),
    kindsCheck(read, identity),
  ];
}

/** What is answered alike is told once; each message has an id of its own. */
const saidOfKind = ({ reply }: ReadKind): string =>
  reply?.kind === 'answered' ? `${reply.status} ${reply.error?.code}` : '';

interface ReadKind {
  readonly kind: PolicyKind;
  readonly reply: Reply | undefined;
}

/** What came of the read of each kind. */
const readIn = (
  envelopes: readonly EnvelopeReply[],
  batches: readonly (readonly PolicyKind[])[],
): readonly ReadKind[] =>
  batches.flatMap((kinds, i) => {
    const envelope = envelopes[i];
    return kinds.map((kind, place) => ({
      kind,
      reply: envelope?.kind === 'replies' ? envelope.replies[place] : undefined,
    }));
  });

const isRead = ({ reply }: ReadKind): boolean => reply?.kind === 'answered' && reply.status < 300;

/** Not every cloud has every kind. */
const isAbsent = ({ reply }: ReadKind): boolean =>
  reply?.kind === 'answered' && [400, 404, 501].includes(reply.status);

/** What this sign-in can do with each kind, as far as Graph and its token tell. */
function kindsCheck(read: readonly ReadKind[], { signedIn }: Identity): Check {
  const access = ({ permissions }: PolicyKind): string => accessOf(signedIn?.claims, [permissions]);
  const done = read.filter(isRead);
  const writable = done.filter(({ kind }) => kind.write.how !== 'refused');
  const mayWrite = writable.filter(({ kind }) => access(kind) === 'write');
  const unknown = writable.filter(({ kind }) => access(kind) === 'unknown');
  const groups: readonly (readonly [string, readonly ReadKind[]])[] = [
    ['Reads and writes', mayWrite],
    ['Reads, and nobody knows whether it writes', unknown],
    ['Only reads', done.filter((each) => !mayWrite.includes(each) && !unknown.includes(each))],
    ['Does not read', read.filter((each) => !isRead(each) && !isAbsent(each))],
    ['Not in this Graph', read.filter(isAbsent)],
  ];
  const words = groups
    .filter(([, kinds]) => kinds.length > 0)
    .map(([what, kinds]) => `${what}: ${kinds.map(({ kind }) => kind.label.many).join(', ')}.`);
  return ok('kinds', words.join(' '));
}

/** What the token allows already, a role, a scope tag or a licence forbids. */
function forbiddenRemedy(kinds: readonly PolicyKind[], claims: TokenClaims | undefined): string {
  const isAllowed = ({ permissions }: Pick<PolicyKind, 'permissions'>): boolean =>
    ['read', 'write'].includes(accessOf(claims, [permissions]));
  const lacking = kinds.filter((kind) => !isAllowed(kind)).map(({ permissions }) => permissions.write);
  return kinds.length > 0 && lacking.length === 0
    ? 'The token has the permission. Look in Intune for a role that sees them, and whether the tenant has the licence; whoever does without them need not mind.'
    : grantRemedy(claims ?? NO_CLAIMS, lacking.length === 0 ? [CONFIGURATION.write] : [...new Set(lacking)]);
}

function intuneCheck(
  reply: Extract<EnvelopeReply, { kind: 'refused' }> | Reply | undefined,
  which: string,
  { signedIn, isReadyToken }: Identity,
  kinds: readonly PolicyKind[] = [],
): readonly Check[] {
  if (reply === undefined || reply.kind === 'lost') return [];
  if (reply.kind === 'refused' && reply.isForeign === true) return [];
  const { status } = reply;
  const said = reply.error === undefined ? `HTTP ${status}` : `${reply.error.code}: ${reply.error.message}`;
  if (status < 300) return [ok('intune', `${which} can be read.`)];
  switch (status) {
    case 401:
      return [
        failed('intune', {
          message: `Graph refuses the token (${said}).`,
          remedy: isReadyToken
            ? RENEWED_SIGN_IN
            : 'Check RETARGET_CLOUD and RETARGET_GRAPH_URL: a token is good for one cloud only.',
        }),
      ];
    case 403:
      return [
        failed('intune', {
          message: `${which} may not be read (${said}).`,
          remedy: forbiddenRemedy(kinds, signedIn?.claims),
        }),
      ];
    case 429:
      return [
        warning('intune', `The tenant is throttled (${said}).`, 'Nothing: workers wait as long as it asks.'),
      ];
    default:
      return [
        failed('intune', {
          message: `${which} can't be read (${said}).`,
          remedy:
            'Look at https://admin.microsoft.com/servicehealth whether Intune is well, and whether the tenant has a licence for it.',
        }),
      ];
  }
}
