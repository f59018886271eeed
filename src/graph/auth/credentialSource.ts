import { EXIT, UserError } from '../../errors.ts';
import { CLOUDS, type CloudName } from './clouds.ts';
import { WRITE_PERMISSIONS } from './permission.ts';

export const SIGN_IN_WAYS = ['default', 'device-code', 'browser'] as const;
export type SignInWay = (typeof SIGN_IN_WAYS)[number];

/** What the settings say about signing in, without a look at any file. */
export interface AzureSettings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cloud: CloudName;
  /** Flag or AZURE_TENANT_ID: an id or a domain. */
  readonly tenant: string | undefined;
  readonly signIn: SignInWay;
  /** What a person is asked for by the common app; left out: what writing needs. */
  readonly scopes?: readonly string[] | undefined;
}

/** Who signs in, and with what. */
export type CredentialIdentity =
  | (App & { readonly kind: 'secret'; readonly secret: string })
  | (App & { readonly kind: 'secretFile'; readonly path: string })
  | (App & {
      readonly kind: 'certificate';
      readonly path: string;
      readonly password: string | undefined;
      /** Sends the chain along, for apps that trust a subject name and issuer instead of one certificate. */
      readonly sendsChain: boolean;
    })
  | (App & { readonly kind: 'federated'; readonly path: string })
  | {
      readonly kind: 'surroundings';
      readonly sources: readonly SurroundingSource[];
      readonly tenant: string | undefined;
      readonly clientId: string | undefined;
    }
  | (App & { readonly kind: 'person'; readonly way: Exclude<SignInWay, 'default'>; readonly scope: string });

interface App {
  readonly tenant: string;
  readonly clientId: string;
}

export type Person = Extract<CredentialIdentity, { kind: 'person' }>;

/** Who can say who we are without a setting of ours, in the order asked. */
export const SURROUNDING_SOURCES = [
  'ManagedIdentityCredential',
  'AzureCliCredential',
  'AzurePowerShellCredential',
  'AzureDeveloperCliCredential',
] as const;

export type SurroundingSource = (typeof SURROUNDING_SOURCES)[number];

/** "Microsoft Graph Command Line Tools", the app that `Connect-MgGraph` signs people in with: known in every tenant,
 *  and unlike the Azure CLI's it may ask for the permission that Intune wants. AZURE_CLIENT_ID names another one. */
const GRAPH_TOOLS_APP = '14d82eec-204b-4c2f-b7e8-296a70dab67e';
/** Any tenant a person may belong to. */
const ANY_TENANT = 'organizations';

/** Where Microsoft answers itself. Only these can tell MSAL which of their names are one and the same. */
const MICROSOFT_HOSTS: readonly string[] = [
  ...Object.values(CLOUDS).map(({ authority }) => new URL(authority).host),
  'login.microsoft.com',
  'login.windows.net',
  'sts.windows.net',
];

export interface Authority {
  /** Root without tenant and without a slash at its end. */
  readonly url: string;
  readonly host: string;
  readonly isMicrosoft: boolean;
}

/** AZURE_AUTHORITY_HOST, with or without its `https://`, else the cloud's. Throws a UserError (exit 2). */
export function authorityFrom({ env, cloud }: Pick<AzureSettings, 'env' | 'cloud'>): Authority {
  const written = settingOf(env, 'AZURE_AUTHORITY_HOST') ?? CLOUDS[cloud].authority;
  const url = URL.parse(/^[a-z]+:\/\//i.test(written) ? written : `https://${written}`);
  if (url?.protocol !== 'https:' || url.username !== '' || url.password !== '' || url.search !== '') {
    // Told without its text: it may hold a password.
    throw new UserError('AZURE_AUTHORITY_HOST is no https address.', {
      remedy: `Set it to ${CLOUDS[cloud].authority}, or unset it: RETARGET_CLOUD decides then.`,
      exitCode: EXIT.badInput,
    });
  }
  return {
    url: (url.origin + url.pathname).replace(/\/+$/, ''),
    host: url.host,
    isMicrosoft: MICROSOFT_HOSTS.includes(url.host),
  };
}

/**
 * Decides who signs in, in the order of Azure's own `DefaultAzureCredential`. It is not used itself because it reads
 * nothing but `process.env`, and our settings come from flags and `.env` too. Whoever sets a secret means it: when it
 * fails, no other identity takes its place. Throws a UserError (exit 4) for settings that are not complete.
 */
export function identityFrom({
  env,
  cloud,
  tenant: given,
  signIn,
  scopes,
}: AzureSettings): CredentialIdentity {
  const tenant = given ?? settingOf(env, 'AZURE_TENANT_ID');
  const clientId = settingOf(env, 'AZURE_CLIENT_ID');
  if (signIn !== 'default') {
    return {
      kind: 'person',
      way: signIn,
      tenant: tenant ?? ANY_TENANT,
      clientId: clientId ?? GRAPH_TOOLS_APP,
      // An app of the tenant's own lists its permissions itself; the common one has to be told.
      scope:
        clientId === undefined
          ? (scopes ?? WRITE_PERMISSIONS.map(({ name }) => name))
              .map((name) => `${new URL(CLOUDS[cloud].scope).origin}/${name}`)
              .join(' ')
          : CLOUDS[cloud].scope,
    };
  }
  const chosen = chosenCredentials(env);
  const app = (because: string): App => {
    if (tenant !== undefined && clientId !== undefined) return { tenant, clientId };
    const missing = [tenant ? [] : ['AZURE_TENANT_ID'], clientId ? [] : ['AZURE_CLIENT_ID']]
      .flat()
      .join(' and ');
    throw incomplete(
      `${because} is set, but ${missing} is not.`,
      `Set ${missing} as well: ${WHERE_IDS_STAND}`,
    );
  };
  if (chosen.has('EnvironmentCredential')) {
    const secret = settingOf(env, 'AZURE_CLIENT_SECRET');
    const secretFile = settingOf(env, 'AZURE_CLIENT_SECRET_FILE');
    if (secret !== undefined && secretFile !== undefined) {
      throw incomplete(
        'AZURE_CLIENT_SECRET and AZURE_CLIENT_SECRET_FILE are both set.',
        'Unset one of them; only the file can be rotated while a worker runs.',
      );
    }
    if (secret !== undefined) return { kind: 'secret', secret, ...app('AZURE_CLIENT_SECRET') };
    if (secretFile !== undefined)
      return { kind: 'secretFile', path: secretFile, ...app('AZURE_CLIENT_SECRET_FILE') };
    const certificate = settingOf(env, 'AZURE_CLIENT_CERTIFICATE_PATH');
    if (certificate !== undefined) {
      return {
        kind: 'certificate',
        path: certificate,
        password: settingOf(env, 'AZURE_CLIENT_CERTIFICATE_PASSWORD'),
        sendsChain: /^(1|true)$/i.test(settingOf(env, 'AZURE_CLIENT_SEND_CERTIFICATE_CHAIN') ?? ''),
        ...app('AZURE_CLIENT_CERTIFICATE_PATH'),
      };
    }
  }
  if (chosen.has('WorkloadIdentityCredential')) {
    const path = settingOf(env, 'AZURE_FEDERATED_TOKEN_FILE');
    if (path !== undefined) return { kind: 'federated', path, ...app('AZURE_FEDERATED_TOKEN_FILE') };
  }
  const sources = SURROUNDING_SOURCES.filter((source) => chosen.has(source));
  if (sources.length === 0) {
    throw incomplete(
      `AZURE_TOKEN_CREDENTIALS allows nothing but ${[...chosen].join(', ')}, and nothing is set for it.`,
      'Unset it, or set the AZURE_* variables of that credential.',
    );
  }
  return { kind: 'surroundings', sources, tenant, clientId };
}

const PRODUCTION = [
  'EnvironmentCredential',
  'WorkloadIdentityCredential',
  'ManagedIdentityCredential',
] as const;
const DEVELOPMENT = SURROUNDING_SOURCES.slice(1);

/** AZURE_TOKEN_CREDENTIALS, as Azure's libraries read it: all, `prod`, `dev`, or one by name. */
function chosenCredentials(env: AzureSettings['env']): ReadonlySet<string> {
  const text = settingOf(env, 'AZURE_TOKEN_CREDENTIALS');
  const all = new Set<string>([...PRODUCTION, ...DEVELOPMENT]);
  if (text === undefined) return all;
  const wanted = text.toLowerCase();
  if (wanted === 'prod') return new Set<string>(PRODUCTION);
  if (wanted === 'dev') return new Set<string>(DEVELOPMENT);
  const one = [...all].find((name) => name.toLowerCase() === wanted);
  if (one !== undefined) return new Set([one]);
  throw new UserError(`AZURE_TOKEN_CREDENTIALS is "${text}".`, {
    remedy: `Unset it, or set it to prod, dev or one of: ${[...all].join(', ')}.`,
    exitCode: EXIT.badInput,
  });
}

const WHERE_IDS_STAND = 'both ids stand on the overview page of the app registration.';

const incomplete = (message: string, remedy: string): UserError =>
  new UserError(message, { remedy, exitCode: EXIT.environment });

/** An empty value means not set. */
function settingOf(env: AzureSettings['env'], name: string): string | undefined {
  const value = env[name]?.trim();
  return value === '' ? undefined : value;
}
