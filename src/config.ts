import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { z } from 'zod';
import { closestTo } from './assignments/values/closest.ts';
import { API_VERSIONS, type ApiVersion } from './assignments/values/apiVersion.ts';
import { readDotEnv, type DotEnv } from './dotEnv.ts';
import { EXIT, UserError } from './errors.ts';
import { SIGN_IN_WAYS, type SignInWay } from './graph/auth/credentialSource.ts';
import { CLOUDS, graphRootFrom, type CloudName } from './graph/auth/clouds.ts';
import { CONCURRENCY, WINDOW_MS, type WriteLimits } from './worker/limiter/pace.ts';
import { writeLimitsFrom } from './worker/limiter/writeLimits.ts';
import { defaultDataDir } from './redis/dataDir.ts';
import { APPROVAL_DEMANDS, type ApprovalDemand } from './runs/approval.ts';
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
  readonly verbose?: boolean;
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
  readonly writeLimits: WriteLimits;
  readonly windowMs: number;
  readonly concurrency: number;
  /** What is demanded here of runs besides what the tenant's record says. */
  readonly approval: ApprovalDemand;
  /** The environment with `.env` under it; an empty value means not set. */
  readonly env: Environment;
  /** Each request to Graph is shown. */
  readonly isVerbose: boolean;
  /** What the user should be told of the settings: which came from `.env`, which were passed over. */
  readonly remarks: readonly string[];
}

export const SETTINGS = [
  'RETARGET_DATA_DIR',
  'RETARGET_GRAPH_URL',
  'RETARGET_CLOUD',
  'RETARGET_ACCESS_TOKEN',
  'RETARGET_WRITES_PER_WINDOW',
  'RETARGET_WINDOW_MS',
  'RETARGET_CONCURRENCY',
  'RETARGET_LOG',
  'RETARGET_NOTIFY_FILE',
  'RETARGET_METRICS_TOKEN_FILE',
  'RETARGET_APPROVAL',
  'RETARGET_WEB_URL',
  'RETARGET_WEB_TLS_CERT_FILE',
  'RETARGET_WEB_TLS_KEY_FILE',
  'RETARGET_WEB_PROXIES',
  'RETARGET_OIDC_ISSUER',
  'RETARGET_OIDC_CLIENT_ID',
  'RETARGET_OIDC_CLIENT_SECRET',
  'RETARGET_OIDC_CLIENT_SECRET_FILE',
  'RETARGET_OIDC_OPERATORS',
  'RETARGET_OIDC_READERS',
] as const;

/** What the log may show: each request to Graph too, or not. */
const LOG_LEVELS = ['info', 'debug'] as const;

/** Settings whose values are paths, in which `~/` stands for the home directory: no shell has read a `.env`. */
const PATHS: readonly string[] = [
  'RETARGET_DATA_DIR',
  'RETARGET_NOTIFY_FILE',
  'RETARGET_WEB_TLS_CERT_FILE',
  'RETARGET_WEB_TLS_KEY_FILE',
  'RETARGET_OIDC_CLIENT_SECRET_FILE',
  'RETARGET_METRICS_TOKEN_FILE',
  ...REDIS_FILE_SETTINGS,
  'AZURE_CLIENT_SECRET_FILE',
  'AZURE_CLIENT_CERTIFICATE_PATH',
  'AZURE_FEDERATED_TOKEN_FILE',
];

/** A text with a value, else what is to be done about it; none at all has the value of the default. */
const valueOf = <T>(byDefault: T, read: (text: string) => T | Remedy) =>
  z
    .string()
    .optional()
    .transform((text, issues): T => {
      const value = text === undefined ? byDefault : read(text);
      if (!isRemedy(value)) return value;
      issues.addIssue({ code: 'custom', params: value });
      return z.NEVER;
    });

interface Remedy {
  readonly remedy: string;
}

const isRemedy = (value: unknown): value is Remedy =>
  typeof value === 'object' && value !== null && 'remedy' in value;

/** One of a few words, in any letter case. */
const choice = <T extends string>(known: readonly T[], byDefault: NoInfer<T>) =>
  valueOf<T>(byDefault, (text) => {
    const found = known.find((word) => word.toLowerCase() === text.trim().toLowerCase());
    const guess = closestTo(text, known);
    return (
      found ?? { remedy: `${guess ? `Did you mean ${guess}? ` : ''}Set it to one of: ${known.join(', ')}.` }
    );
  });

const wholeNumber = (least: number, most: number, byDefault: number) =>
  valueOf<number>(byDefault, (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text.trim()) && value >= least && value <= most) return value;
    return { remedy: `Set it to a whole number from ${least} to ${most}, or unset it for ${byDefault}.` };
  });

const tenant = valueOf<string | undefined>(undefined, (text) =>
  isTenantName(text)
    ? text.toLowerCase()
    : { remedy: 'Give the tenant id (a GUID) or its domain, as in contoso.onmicrosoft.com.' },
);

/** The settings that are more than text, by the names that people give them. */
const VALUES = z.object({
  RETARGET_CLOUD: choice(Object.keys(CLOUDS) as CloudName[], 'global'),
  RETARGET_WRITES_PER_WINDOW: valueOf<WriteLimits>({ families: {} }, writeLimitsFrom),
  RETARGET_WINDOW_MS: wholeNumber(100, 3_600_000, WINDOW_MS),
  RETARGET_CONCURRENCY: wholeNumber(1, 64, CONCURRENCY),
  RETARGET_LOG: choice(LOG_LEVELS, 'info'),
  RETARGET_APPROVAL: choice(APPROVAL_DEMANDS, 'tenant'),
  AZURE_TENANT_ID: tenant,
  '--api-version': choice(API_VERSIONS, 'beta'),
  '--sign-in': choice(SIGN_IN_WAYS, 'default'),
});

/** @throws UserError (exit 2) for the first that is none of its values */
function valuesOf(given: Environment): z.output<typeof VALUES> {
  const read = VALUES.safeParse(given);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const name = String(issue?.path[0]);
  const remedy =
    issue !== undefined && 'params' in issue && isRemedy(issue.params) ? issue.params.remedy : '';
  throw new UserError(
    name === 'AZURE_TENANT_ID' ? `"${given[name]}" is no tenant.` : `${name} is "${given[name]}".`,
    { remedy, exitCode: EXIT.badInput },
  );
}

/** @throws UserError (exit 2) for a setting that is unknown or whose value is, or a `.env` that is not to be trusted. */
export function configFrom(given: SharedFlags, environment: Environment, cwd: string): Config {
  // Commander's values hold the command's own flags too, which are no texts.
  const flags: SharedFlags = withoutEmpty({
    tenant: given.tenant,
    redisUrl: given.redisUrl,
    graphUrl: given.graphUrl,
    apiVersion: given.apiVersion,
    signIn: given.signIn,
  });
  const ofProcess = withoutEmpty(environment);
  const file = readDotEnv(cwd);
  const ofFile = usedOf(believed(file), ofProcess, flags);
  if (file !== undefined) expectOwn(file, Object.keys(ofFile));
  const env = withHome({ ...ofFile, ...ofProcess });
  const usedRedisUrl = flags.redisUrl ?? env['REDIS_URL'];
  refuseWithoutUrl(usedRedisUrl, env);
  const values = valuesOf({
    ...env,
    '--api-version': flags.apiVersion,
    '--sign-in': flags.signIn,
    ...(flags.tenant !== undefined && { AZURE_TENANT_ID: flags.tenant }),
  });
  const cloud = values.RETARGET_CLOUD;
  return {
    redisUrl: usedRedisUrl,
    redisFiles: Object.fromEntries(REDIS_FILE_SETTINGS.map((setting) => [setting, env[setting]])),
    dataDir: dataDirFrom(env, cwd),
    cloud,
    graphUrl: graphRootFrom(flags.graphUrl ?? env['RETARGET_GRAPH_URL'], cloud),
    apiVersion: values['--api-version'],
    tenant: values.AZURE_TENANT_ID,
    signIn: values['--sign-in'],
    writeLimits: values.RETARGET_WRITES_PER_WINDOW,
    windowMs: values.RETARGET_WINDOW_MS,
    concurrency: values.RETARGET_CONCURRENCY,
    approval: strictest(values.RETARGET_APPROVAL, believed(file)['RETARGET_APPROVAL']),
    env,
    isVerbose: given.verbose === true || values.RETARGET_LOG === 'debug',
    remarks: [...cameFrom(file, ofFile), ...passedOver(ofProcess, ofFile)],
  };
}

/** What the settings file demands no variable lowers. A word that it can't mean counts as the strictest. */
function strictest(used: ApprovalDemand, ofFile: string | undefined): ApprovalDemand {
  if (ofFile === undefined || ofFile.trim() === '') return used;
  const filed = APPROVAL_DEMANDS.find((word) => word === ofFile.trim().toLowerCase()) ?? 'required';
  return APPROVAL_DEMANDS.indexOf(filed) > APPROVAL_DEMANDS.indexOf(used) ? filed : used;
}

const withoutEmpty = (env: Environment): Environment =>
  Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value.trim() !== ''));

/** What a `.env` says that neither the environment nor a flag says as well. */
const usedOf = (values: Environment, ofProcess: Environment, { tenant, redisUrl, graphUrl }: SharedFlags) => {
  const flagged: Environment = { AZURE_TENANT_ID: tenant, REDIS_URL: redisUrl, RETARGET_GRAPH_URL: graphUrl };
  return Object.fromEntries(
    Object.entries(withoutEmpty(values)).filter(
      ([name]) => ofProcess[name] === undefined && flagged[name] === undefined,
    ),
  );
};

/** Who may sign in to Graph, as `--sign-in` names it. */
export const SIGN_IN_CHOICES: readonly SignInWay[] = SIGN_IN_WAYS;

/** What is read of a `.env`; all else in it is for other programs. */
const isOurs = (name: string): boolean =>
  /^(RETARGET|REDIS|AZURE|IDENTITY|MSI)_/i.test(name) ||
  /^((HTTPS?|ALL|NO)_PROXY|HOME|XDG_DATA_HOME)$/i.test(name);

/** All but these decide where tokens, passwords and the record of a run go. */
const PACE_SETTINGS: readonly string[] = [
  'RETARGET_WRITES_PER_WINDOW',
  'RETARGET_WINDOW_MS',
  'RETARGET_CONCURRENCY',
  'RETARGET_LOG',
];

/** Whoever could put a `.env` into a directory that somebody else works in would otherwise be given his token. */
function expectOwn({ path, stranger }: DotEnv, names: readonly string[]): void {
  const name = names.find((each) => isOurs(each) && !PACE_SETTINGS.includes(each));
  if (stranger === undefined || name === undefined) return;
  throw new UserError(`${name} is not taken from ${path}: the file ${stranger}.`, {
    remedy: `Look at what it says. If it is yours: \`chown "$(id -u)" ${path} && chmod 600 ${path}\`; otherwise set ${name} in the environment, or work in another directory.`,
    exitCode: EXIT.badInput,
  });
}

/** What a stranger's file says besides may be the name of a channel's secret, or of its address. */
const believed = (file: DotEnv | undefined): Environment =>
  file?.stranger === undefined
    ? (file?.values ?? {})
    : Object.fromEntries(Object.entries(file.values).filter(([name]) => isOurs(name)));

function cameFrom(file: DotEnv | undefined, ofFile: Environment): string[] {
  if (file?.unread !== undefined) return [`Nothing is taken from ${file.path}: ${file.unread}.`];
  const names = Object.keys(ofFile).filter(isOurs);
  return file === undefined || names.length === 0 ? [] : [`From ${file.path}: ${names.join(', ')}.`];
}

/** What Kubernetes sets for a service whose name begins with `retarget`. */
const OF_KUBERNETES =
  /^RETARGET_(?:\w+_)?(?:SERVICE_(?:HOST|PORT(?:_\w+)?)|PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_\w+)?)?)$/;

/**
 * Variables that begin like our settings and are none.
 * @throws UserError for one that is nearly one of ours, as its default would stay in force on a production tenant, and for
 * any in a `.env`, where nobody else writes such.
 */
function passedOver(ofProcess: Environment, ofFile: Environment): string[] {
  const isUnknown = (name: string): boolean =>
    name.toUpperCase().startsWith('RETARGET_') && !SETTINGS.some((known) => known === name);
  const [inFile] = Object.keys(ofFile).filter(isUnknown);
  if (inFile !== undefined) throw noSetting(inFile);
  return Object.keys(ofProcess)
    .filter((name) => isUnknown(name) && !OF_KUBERNETES.test(name))
    .map((name) => {
      if (closestTo(name, SETTINGS) !== undefined) throw noSetting(name);
      return `${name} is no setting of retarget and is passed over.`;
    });
}

function noSetting(name: string): UserError {
  const guess = closestTo(name, SETTINGS);
  return new UserError(`There is no setting ${name}.`, {
    remedy: guess
      ? `Did you mean ${guess}? Otherwise unset it.`
      : `Unset it. The settings are: ${SETTINGS.join(', ')}.`,
    exitCode: EXIT.badInput,
  });
}

/** A path with the home directory for the `~` that it begins with, as a shell leaves it in quotes and after `=`. */
export const fromHome = (path: string, env: Environment): string =>
  path.replace(/^~(?=\/|$)/, () => env['HOME'] ?? homedir());

const withHome = (env: Environment): Environment =>
  Object.fromEntries(
    Object.entries(env).map(([name, value]) => [
      name,
      PATHS.includes(name) && value !== undefined ? fromHome(value.trim(), env) : value,
    ]),
  );

/** Where data lies when no setting says otherwise. */
export const usualDataDir = (env: Environment): string => defaultDataDir({ ...env });

/** A relative one would be another place in every directory, with other runs in it. */
function dataDirFrom(env: Environment, cwd: string): string {
  const chosen = env['RETARGET_DATA_DIR'];
  if (chosen === undefined || isAbsolute(chosen)) return defaultDataDir(env);
  throw new UserError(`RETARGET_DATA_DIR is "${chosen}", which is another place in every directory.`, {
    remedy: `Write the whole path, as in RETARGET_DATA_DIR=${join(cwd, chosen)}.`,
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
