import { tokenClaims, type TokenClaims } from '../graph/auth/claims.ts';
import { configFrom, type Config, type SharedFlags } from '../config.ts';
import { EXIT, UserError } from '../errors.ts';
import { type Credentials } from '../graph/auth/credentials.ts';
import { credentialsFrom, isReadyToken } from '../graph/auth/signIn.ts';
import { paceOf, type Pace } from '../worker/limiter/pace.ts';
import { isTenantName } from '../runs/keys.ts';
import type { Host } from './host.ts';
import { shellWord } from './shellWord.ts';

/** Who a command acts for: settings and tenant, without Redis and without a call to Graph. */
export interface Identity {
  readonly config: Config;
  readonly pace: Pace;
  /** What the keys in Redis are named after: an id whenever one is known, else the name as given, else `default`. */
  readonly tenant: string;
  /** Where `tenant` comes from. A `name` is a domain, which a sign-in or the record may tell the id of. */
  readonly tenantFrom: 'token' | 'id' | 'name' | 'nothing';
  readonly appId: string;
  readonly operator: string;
  /** A ready token is one that nobody renews. */
  readonly isReadyToken: boolean;
  /** Undefined in a command that does not sign in. */
  readonly signedIn: SignedIn | undefined;
  /** `retarget <words>` with the shared flags of this command, so that it can be pasted as it is shown. */
  hint(words: string): string;
}

export interface SignedIn {
  readonly credentials: Credentials;
  /** Undefined for a token that can't be read. */
  readonly claims: TokenClaims | undefined;
}

const TENANT_ID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/;

/**
 * Settings and tenant, as far as they can be known without signing in.
 * @throws UserError (exit 2) for wrong settings, or when a ready token is of another tenant than the one given.
 */
export function identify(flags: SharedFlags, host: Host): Identity {
  const config = configFrom(flags, host.env, host.cwd);
  host.redactor.keepFrom(config.env);
  host.events.emit('settings', config);
  const isReady = isReadyToken(config);
  const claims = isReady ? tokenClaims(config.env['RETARGET_ACCESS_TOKEN']?.trim() ?? '') : undefined;
  return {
    config,
    pace: paceOf(config.writeLimits, config.windowMs),
    ...tenantOf(config, claims),
    appId: claims?.appId ?? config.env['AZURE_CLIENT_ID'] ?? 'unknown',
    operator: `${host.user.name}@${host.user.host}`,
    isReadyToken: isReady,
    signedIn: undefined,
    hint: (words) =>
      [host.hintPrefix, programName(host.env), words, ...repeated(flags)].filter(Boolean).join(' '),
  };
}

/**
 * Signs in, for commands that call Graph. From here on the tenant is the token's, whatever name was given for it.
 * @param scopes what a person is asked for; undefined: what writing needs
 * @throws UserError (exit 4) when that does not work, (exit 2) when the token is of another tenant than the one given.
 */
export async function signIn(identity: Identity, host: Host, scopes?: readonly string[]): Promise<Identity> {
  const { config } = identity;
  const credentials = credentialsFrom({
    env: config.env,
    cloud: config.cloud,
    tenant: config.tenant,
    ...{ signIn: config.signIn, scopes },
    prompt: (text) => void host.events.emit('signInPrompt', text),
    redactor: host.redactor,
    log: host.log,
  });
  await credentials.token(host.interrupted);
  const claims = await credentials.claims();
  return {
    ...identity,
    ...tenantOf(config, claims),
    appId: claims?.appId ?? identity.appId,
    signedIn: { credentials, claims },
  };
}

/** Whose runs are meant is known without a sign-in: a domain's id is the token's to tell. */
export const isTenantSure = ({ isReadyToken: isReady, tenantFrom }: Identity): boolean =>
  isReady || tenantFrom === 'id';

/**
 * For commands that need no Graph: a run is recorded under its tenant's id, so they sign in where only a token tells it.
 * @throws UserError as `signIn`, with the way to do without
 */
export async function signInForTenant(identity: Identity, host: Host): Promise<Identity> {
  if (isTenantSure(identity)) return identity;
  try {
    return await signIn(identity, host);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(error.message, {
      remedy: `Give the tenant's id with --tenant: then submit needs no sign-in. Or: ${error.remedy}`,
      exitCode: error.exitCode,
    });
  }
}

/** The sign-in of a command that has signed in. */
export function signedIn({ signedIn: found }: Identity): SignedIn {
  if (found === undefined) throw new Error('this command has not signed in');
  return found;
}

export const isTenantId = (text: string): boolean => TENANT_ID.test(text);

function tenantOf(
  { tenant: given }: Config,
  claims: TokenClaims | undefined,
): Pick<Identity, 'tenant' | 'tenantFrom'> {
  const ofToken = claims?.tenantId?.toLowerCase();
  const isId = given !== undefined && isTenantId(given);
  if (isId && ofToken !== undefined && given !== ofToken) throw otherTenant(ofToken, given);
  if (ofToken !== undefined && isTenantName(ofToken)) return { tenant: ofToken, tenantFrom: 'token' };
  if (given === undefined) return { tenant: 'default', tenantFrom: 'nothing' };
  return { tenant: given, tenantFrom: isId ? 'id' : 'name' };
}

export const otherTenant = (ofToken: string, given: string): UserError =>
  new UserError(`The sign-in is for tenant ${ofToken}, not for ${given}.`, {
    remedy: 'Sign in to the tenant you mean, or correct --tenant or AZURE_TENANT_ID.',
    exitCode: EXIT.badInput,
  });

/** The shared flags as they were given, but for an address with a password in it: that one is shown nowhere. */
function repeated({ tenant, redisUrl, graphUrl, apiVersion, signIn: way }: SharedFlags): string[] {
  const given = [
    ['--tenant', tenant],
    ['--sign-in', way?.toLowerCase() === 'default' ? undefined : way],
    ['--redis-url', /[@?]/.test(redisUrl ?? '') ? undefined : redisUrl],
    ['--graph-url', graphUrl],
    ['--api-version', apiVersion?.toLowerCase() === 'beta' ? undefined : apiVersion],
  ];
  return given.flatMap(([flag, value]) => (value ? [`${flag} ${shellWord(value)}`] : []));
}

/** In a checkout the command is found by npx only; npm says in its children's environment how they were started. */
const programName = (env: Host['env']): string =>
  env['npm_command'] === 'exec' || env['npm_command'] === 'run' || env['npm_command'] === 'run-script'
    ? 'npx retarget'
    : 'retarget';
