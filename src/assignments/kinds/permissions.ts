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

/** Apps, their configuration and their protection. */
export const APPS: Permissions = {
  read: 'DeviceManagementApps.Read.All',
  write: {
    name: 'DeviceManagementApps.ReadWrite.All',
    asApp: '78145de6-330d-4800-a6ce-494ff2d33d07',
    asPerson: '7b3f05d5-f68c-4b8d-8c59-a2ecd12f24af',
  },
};

/** Scripts and remediations. */
export const SCRIPTS: Permissions = {
  read: 'DeviceManagementScripts.Read.All',
  write: {
    name: 'DeviceManagementScripts.ReadWrite.All',
    asApp: '9255e99d-faf5-445e-bbf7-cb71482737c4',
    asPerson: '8b9d79d0-ad75-4566-8619-f7500ecfcebe',
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

/** Roles and scope tags. */
export const ROLES: Permissions = {
  read: 'DeviceManagementRBAC.Read.All',
  write: {
    name: 'DeviceManagementRBAC.ReadWrite.All',
    asApp: 'e330c4f0-4170-414e-a55a-2f022ec2b57b',
    asPerson: '0c5e8a55-87a6-4556-93ab-adc52c4d862d',
  },
};
