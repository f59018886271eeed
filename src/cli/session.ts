import type { Command } from 'commander';
import { configFrom, type Config, type SharedFlags } from '../config.ts';
import { EXIT, UserError } from '../errors.ts';
import { accessTokenCredentials, type Credentials } from '../graph/credentials.ts';
import { createLog, type Log } from '../log.ts';
import { paceOf, type Pace } from '../queue/limits.ts';
import { Producer } from '../queue/producer.ts';
import {
  closeRedis,
  openRedis,
  type Patience,
  type RedisClient,
  type RedisTarget,
} from '../redis/connection.ts';
import { useEmbeddedRedis, type EmbeddedRedis } from '../redis/embedded.ts';
import { preflight, refuseOnErrors } from '../redis/preflight.ts';
import { isTenantName } from '../runs/keys.ts';
import { RunStore } from '../runs/runStore.ts';
import type { Context } from './context.ts';
import { visible } from './print.ts';

export function sharedOptions(command: Command): Command {
  return command
    .option('--tenant <id>', 'tenant id or domain (AZURE_TENANT_ID); the token must be of it')
    .option('--redis-url <url>', 'Redis to use (REDIS_URL); without one, an embedded Redis is started')
    .option('--graph-url <url>', 'root of Microsoft Graph (RETARGET_GRAPH_URL)')
    .option('--api-version <version>', 'beta or v1.0; v1.0 knows no filters and no intent', 'beta');
}

/** Who a command acts for: settings, sign-in and tenant, without Redis and without a call to Graph. */
export interface Identity {
  readonly config: Config;
  readonly pace: Pace;
  readonly tenant: string;
  /** False when neither the sign-in nor a setting names it. */
  readonly tenantIsKnown: boolean;
  readonly appId: string;
  readonly operator: string;
  /** Undefined when there is no token; `signedIn` says what to do then. */
  readonly credentials: Credentials | undefined;
  /** `retarget <words>` with the shared flags of this command, so that it can be pasted as it is shown. */
  hint(words: string): string;
}

/** @throws UserError (exit 2) for wrong settings or when the token is of another tenant than the one given. */
export async function identify(flags: SharedFlags, context: Context): Promise<Identity> {
  const config = configFrom(flags, context.env, context.cwd);
  const credentials =
    config.env['RETARGET_ACCESS_TOKEN'] === undefined ? undefined : accessTokenCredentials(config.env);
  const claims = await credentials?.claims();
  const ofToken = claims?.tenantId?.toLowerCase();
  const isGiven = config.tenant !== undefined;
  if (
    isGiven &&
    ofToken !== undefined &&
    /^[0-9a-f-]{36}$/.test(config.tenant) &&
    config.tenant !== ofToken
  ) {
    throw new UserError(`The sign-in is for tenant ${ofToken}, not for ${config.tenant}.`, {
      remedy: 'Sign in to the tenant you mean, or correct --tenant or AZURE_TENANT_ID.',
      exitCode: EXIT.badInput,
    });
  }
  const isUsable = ofToken !== undefined && isTenantName(ofToken);
  return {
    config,
    pace: paceOf(config.writesPerWindow, config.windowMs),
    tenant: isUsable ? ofToken : (config.tenant ?? 'default'),
    tenantIsKnown: isUsable || isGiven,
    appId: claims?.appId ?? 'unknown',
    operator: `${context.user.name}@${context.user.host}`,
    credentials,
    hint: (words) => [context.hintPrefix, 'retarget', words, ...repeated(flags)].filter(Boolean).join(' '),
  };
}

/** The shared flags as they were given, but for an address with a password in it: that one is shown nowhere. */
function repeated({ tenant, redisUrl, graphUrl, apiVersion }: SharedFlags): string[] {
  const given = [
    ['--tenant', tenant],
    ['--redis-url', /[@?]/.test(redisUrl ?? '') ? undefined : redisUrl],
    ['--graph-url', graphUrl],
    ['--api-version', apiVersion?.toLowerCase() === 'beta' ? undefined : apiVersion],
  ];
  return given.flatMap(([flag, value]) => (value ? [`${flag} ${quoted(value)}`] : []));
}

const quoted = (text: string): string =>
  /^[\w.:/@-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;

/** The sign-in, or what to do about it being missing. */
export const signedIn = ({ credentials, config }: Identity): Credentials =>
  credentials ?? accessTokenCredentials(config.env);

/** A command's hold on Redis. Closed in the end, whatever happens: `await using`. */
export interface Session extends AsyncDisposable {
  readonly identity: Identity;
  readonly log: Log;
  readonly redis: RedisClient;
  readonly runs: RunStore;
  readonly producer: Producer;
  /** A further client of its own patience, closed with the session. */
  open(patience: Patience, name: string): Promise<RedisClient>;
}

/** @throws UserError (exit 4) within 5 s when there is no usable Redis, unless `patience` is to wait for it. */
export async function openSession(
  identity: Identity,
  context: Context,
  patience: Patience = 'failFast',
): Promise<Session> {
  const log = createLog((line) => context.print.say(visible(line)), 'info');
  const { config } = identity;
  let embedded: EmbeddedRedis | undefined;
  const clients: RedisClient[] = [];
  const closers: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).reverse()) await closer();
    await Promise.all(clients.splice(0).map(closeRedis));
    await embedded?.release();
  };
  try {
    if (config.redisUrl === undefined)
      embedded = await useEmbeddedRedis({ dataDir: config.dataDir, env: { ...config.env }, log });
    const target: RedisTarget =
      config.redisUrl === undefined
        ? { socketPath: embedded?.socketPath ?? '' }
        : { url: config.redisUrl, files: config.redisFiles };
    const open = async (wanted: Patience, name: string): Promise<RedisClient> => {
      const signal = context.interrupted;
      const client = await openRedis(target, { patience: wanted, name: `retarget-${name}`, log, signal });
      clients.push(client);
      return client;
    };
    const redis = await open(patience, 'command');
    for (const { message, remedy } of refuseOnErrors(await preflight(redis))) log.warn({ remedy }, message);
    const runs = new RunStore(redis, identity.tenant);
    const producer = new Producer(runs, redis, config.graphUrl);
    closers.push(() => producer.close());
    // The last command out stops the embedded Redis, and the next one would wait as after a crash.
    if (embedded !== undefined)
      closers.push(async () => {
        if (redis.status === 'ready') await runs.ledgerAtRest().catch(() => undefined);
      });
    return { identity, log, redis, runs, producer, open, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}
