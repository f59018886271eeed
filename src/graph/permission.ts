import type { TokenClaims } from './claims.ts';

export const WRITE_PERMISSION = 'DeviceManagementConfiguration.ReadWrite.All';
export const READ_PERMISSION = 'DeviceManagementConfiguration.Read.All';

/** What a token says that it may do to Intune's policies; `unknown` for one that can't be read. */
export type Access = 'write' | 'read' | 'none' | 'unknown';

export function accessOf(claims: TokenClaims | undefined): Access {
  if (claims === undefined) return 'unknown';
  const permissions = [...claims.roles, ...claims.scopes];
  if (permissions.includes(WRITE_PERMISSION)) return 'write';
  return permissions.includes(READ_PERMISSION) ? 'read' : 'none';
}

/** An app of the tenant's own signs in to the Azure CLI: a person's `az login` is the CLI's app, which has no permission for Intune. */
export const SERVICE_PRINCIPAL_LOGIN =
  'az login --service-principal --tenant "$AZURE_TENANT_ID" --username "$AZURE_CLIENT_ID" --password "$AZURE_CLIENT_SECRET" --allow-no-subscriptions';

/** The app of the Azure CLI, whose permissions are Microsoft's to choose. */
const AZURE_CLI_APP = '04b07795-8ddb-461a-bbee-02f9e1bf7b46';
/** Microsoft Graph, and WRITE_PERMISSION in it for apps and for people. Source: learn.microsoft.com/graph/permissions-reference */
const GRAPH_APP = '00000003-0000-0000-c000-000000000000';
const WRITE_AS_APP = '9241abd9-d0e6-425a-bd4f-47ba86e767a4';
const WRITE_AS_PERSON = '0883f392-0a7a-443d-8c76-16a6d39c7b63';

/** How the sign-in comes by the permission that it lacks. */
export function grantRemedy({ appId, scopes }: TokenClaims): string {
  if (appId === AZURE_CLI_APP)
    return `The Azure CLI's own app can't have it. Sign in as an app of your tenant: \`${SERVICE_PRINCIPAL_LOGIN}\`; or add --sign-in device-code.`;
  const id = appId ?? '"$AZURE_CLIENT_ID"';
  const permission = scopes.length > 0 ? `${WRITE_AS_PERSON}=Scope` : `${WRITE_AS_APP}=Role`;
  return `An administrator runs \`az ad app permission add --id ${id} --api ${GRAPH_APP} --api-permissions ${permission} && az ad app permission admin-consent --id ${id}\`; then sign in anew.`;
}
