import type { Permission, Permissions } from '../../assignments/kinds/permissions.ts';
import { KINDS } from '../../assignments/kinds/registry.ts';
import type { TokenClaims } from './claims.ts';

/** What it takes to read and to write the kinds of policies that are written, each once. */
export const PERMISSIONS: readonly Permissions[] = [
  ...new Map(
    KINDS.filter(({ write }) => write.how !== 'refused').map(({ permissions }) => [
      permissions.write.name,
      permissions,
    ]),
  ).values(),
];

export const WRITE_PERMISSIONS: readonly Permission[] = PERMISSIONS.map(({ write }) => write);

/** What a token says that it may do to Intune's policies; `unknown` for one that can't be read. */
export type Access = 'write' | 'read' | 'none' | 'unknown';

/** The most that a token allows with kinds that need one of these permissions. */
export function accessOf(
  claims: TokenClaims | undefined,
  needed: readonly Permissions[] = PERMISSIONS,
): Access {
  if (claims === undefined) return 'unknown';
  const given = new Set([...claims.roles, ...claims.scopes]);
  if (needed.some(({ write }) => given.has(write.name))) return 'write';
  return needed.some(({ read }) => given.has(read)) ? 'read' : 'none';
}

/** An app of the tenant's own signs in to the Azure CLI: a person's `az login` is the CLI's app, which has no permission for Intune. */
export const SERVICE_PRINCIPAL_LOGIN =
  'az login --service-principal --tenant "$AZURE_TENANT_ID" --username "$AZURE_CLIENT_ID" --password "$AZURE_CLIENT_SECRET" --allow-no-subscriptions';

/** The app of the Azure CLI, whose permissions are Microsoft's to choose. */
const AZURE_CLI_APP = '04b07795-8ddb-461a-bbee-02f9e1bf7b46';
/** Microsoft Graph. Source: learn.microsoft.com/graph/permissions-reference */
const GRAPH_APP = '00000003-0000-0000-c000-000000000000';

/** How the sign-in comes by the permissions that it lacks. */
export function grantRemedy(
  { appId, scopes }: Pick<TokenClaims, 'appId' | 'scopes'>,
  lacking: readonly Permission[] = WRITE_PERMISSIONS,
): string {
  if (appId === AZURE_CLI_APP)
    return `The Azure CLI's own app can't have it. Sign in as an app of your tenant: \`${SERVICE_PRINCIPAL_LOGIN}\`; or add --sign-in device-code.`;
  const id = appId ?? '"$AZURE_CLIENT_ID"';
  const granted = lacking.map(({ asApp, asPerson }) =>
    scopes.length > 0 ? `${asPerson}=Scope` : `${asApp}=Role`,
  );
  return `An administrator runs \`az ad app permission add --id ${id} --api ${GRAPH_APP} --api-permissions ${granted.join(' ')} && az ad app permission admin-consent --id ${id}\`; then sign in anew.`;
}
