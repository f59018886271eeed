import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { closestTo } from './assignments/values/closest.ts';
import { API_VERSIONS, type ApiVersion } from './assignments/values/apiVersion.ts';
import { EXIT, UserError } from './errors.ts';
import { SIGN_IN_WAYS, type SignInWay } from './graph/azureSettings.ts';
import { CLOUDS, graphRootFrom, type CloudName } from './graph/clouds.ts';
import { CONCURRENCY, WINDOW_MS, WRITES_PER_WINDOW } from './queue/limits.ts';
import { defaultDataDir } from './redis/dataDir.ts';
import { REDIS_FILE_SETTINGS, type RedisFiles } from './redis/files.ts';
import { isTenantName } from './runs/keys.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** The shared flags as commander gives them. */
export interface SharedFlags {
  readonly tenant?: string;
  readonly redisUrl?: string;
  readonly graphUrl?: string;
  readonly apiVersion?: string;
  readonly signIn?: string;
}

/** Every setting, checked: flag over environment over `.env` over default. */
export interface Config {
  /** Undefined: the embedded Redis. */
  readonly redisUrl: string | undefined;
  /** For `redisUrl`: certificates and passwords. */
  readonly redisFiles: RedisFiles;
  readonly dataDir: string;
  readonly cloud: CloudName;
  /** Root without version, without a slash at its end. */
  readonly graphUrl: string;
  readonly apiVersion: ApiVersion;
  /** As given: an id or a domain. */
  readonly tenant: string | undefined;
  readonly signIn: SignInWay;
  readonly writesPerWindow: number;
  readonly windowMs: number;
  readonly concurrency: number;
  /** The environment with `.env` under it; an empty value means not set. */
  readonly env: Environment;
}

const SETTINGS = [
  'RETARGET_DATA_DIR',
  'RETARGET_GRAPH_URL',
  'RETARGET_CLOUD',
  'RETARGET_ACCESS_TOKEN',
  'RETARGET_WRITES_PER_WINDOW',
  'RETARGET_WINDOW_MS',
  'RETARGET_CONCURRENCY',
] as const;

/** @throws UserError (exit 2) for a setting that is unknown or whose value is. */
export function configFrom(given: SharedFlags, environment: Environment, cwd: string): Config {
  // Commander's values hold the command's own flags too, which are no texts.
  const flags: SharedFlags = withoutEmpty({
    tenant: given.tenant,
    redisUrl: given.redisUrl,
    graphUrl: given.graphUrl,
    apiVersion: given.apiVersion,
    signIn: given.signIn,
  });
  const env = withoutEmpty({ ...dotEnv(cwd), ...withoutEmpty(environment) });
  refuseUnknown(env);
  const usedRedisUrl = flags.redisUrl ?? env['REDIS_URL'];
  refuseWithoutUrl(usedRedisUrl, env);
  const cloud = choice(
    'RETARGET_CLOUD',
    env['RETARGET_CLOUD'] ?? 'global',
    Object.keys(CLOUDS) as CloudName[],
  );
  return {
    redisUrl: usedRedisUrl,
    redisFiles: Object.fromEntries(REDIS_FILE_SETTINGS.map((setting) => [setting, env[setting]])),
    dataDir: defaultDataDir(env),
    cloud,
    graphUrl: graphRootFrom(flags.graphUrl ?? env['RETARGET_GRAPH_URL'], cloud),
    apiVersion: choice('--api-version', flags.apiVersion ?? 'beta', API_VERSIONS),
    tenant: tenantFrom(flags.tenant ?? env['AZURE_TENANT_ID']),
    signIn: choice('--sign-in', flags.signIn ?? 'default', SIGN_IN_WAYS),
    writesPerWindow: wholeNumber(env, 'RETARGET_WRITES_PER_WINDOW', WRITES_PER_WINDOW, 1, 1_000_000),
    windowMs: wholeNumber(env, 'RETARGET_WINDOW_MS', WINDOW_MS, 100, 3_600_000),
    concurrency: wholeNumber(env, 'RETARGET_CONCURRENCY', CONCURRENCY, 1, 64),
    env,
  };
}

function dotEnv(cwd: string): Environment {
  let text: string;
  try {
    text = readFileSync(join(cwd, '.env'), 'utf8');
  } catch {
    return {}; // No file is the usual case, and one that can't be read was not meant for this user.
  }
  return parseEnv(text);
}

const withoutEmpty = (env: Environment): Environment =>
  Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value.trim() !== ''));

/** A mistyped setting would otherwise leave its default in force, on a production tenant. */
function refuseUnknown(env: Environment): void {
  const unknown = Object.keys(env).find(
    (name) => name.startsWith('RETARGET_') && !SETTINGS.some((known) => known === name),
  );
  if (unknown === undefined) return;
  const guess = closestTo(unknown, SETTINGS);
  throw new UserError(`There is no setting ${unknown}.`, {
    remedy: guess
      ? `Did you mean ${guess}? Otherwise unset it.`
      : `Unset it. The settings are: ${SETTINGS.join(', ')}.`,
    exitCode: EXIT.badInput,
  });
}

/** Somebody who names a password means a certain Redis; the embedded one would take the work without a word. */
function refuseWithoutUrl(redisUrl: string | undefined, env: Environment): void {
  const given = REDIS_FILE_SETTINGS.find((setting) => env[setting] !== undefined);
  if (redisUrl !== undefined || given === undefined) return;
  throw new UserError(`${given} is set, and REDIS_URL is not.`, {
    remedy: `Set REDIS_URL (or --redis-url) to the Redis that it is for, or unset ${given} to use the embedded one.`,
    exitCode: EXIT.badInput,
  });
}

function choice<T extends string>(name: string, value: string, known: readonly T[]): T {
  const found = known.find((candidate) => candidate.toLowerCase() === value.trim().toLowerCase());
  if (found !== undefined) return found;
  const guess = closestTo(value, known);
  throw new UserError(`${name} is "${value}".`, {
    remedy: `${guess ? `Did you mean ${guess}? ` : ''}Set it to one of: ${known.join(', ')}.`,
    exitCode: EXIT.badInput,
  });
}

function wholeNumber(env: Environment, name: string, byDefault: number, least: number, most: number): number {
  const text = env[name];
  if (text === undefined) return byDefault;
  const value = Number(text);
  if (/^\d+$/.test(text.trim()) && value >= least && value <= most) return value;
  throw new UserError(`${name} is "${text}".`, {
    remedy: `Set it to a whole number from ${least} to ${most}, or unset it for ${byDefault}.`,
    exitCode: EXIT.badInput,
  });
}

function tenantFrom(text: string | undefined): string | undefined {
  if (text === undefined || isTenantName(text)) return text?.toLowerCase();
  throw new UserError(`"${text}" is no tenant.`, {
    remedy: 'Give the tenant id (a GUID) or its domain, as in contoso.onmicrosoft.com.',
    exitCode: EXIT.badInput,
  });
}
