/** What a sign-in must be allowed, to read a kind of policies and to write it. */
export interface Permissions {
  readonly read: string;
  readonly write: Permission;
}

/** A permission of Microsoft Graph, and what it is called where an administrator grants it to apps and to people. */
export interface Permission {
  readonly name: string;
  readonly asApp: string;
  readonly asPerson: string;
}

/** Source: learn.microsoft.com/graph/permissions-reference */
export const CONFIGURATION: Permissions = {
  read: 'DeviceManagementConfiguration.Read.All',
  write: {
    name: 'DeviceManagementConfiguration.ReadWrite.All',
    asApp: '9241abd9-d0e6-425a-bd4f-47ba86e767a4',
    asPerson: '0883f392-0a7a-443d-8c76-16a6d39c7b63',
  },
};

/** Enrolment. */
export const SERVICE_CONFIG: Permissions = {
  read: 'DeviceManagementServiceConfig.Read.All',
  write: {
    name: 'DeviceManagementServiceConfig.ReadWrite.All',
    asApp: '5ac13192-7ace-4fcf-b828-1a26f28068ee',
    asPerson: '662ed50a-ac44-4eef-ad86-62eed9be2a29',
  },
};
