import { expect, test } from 'vitest';
import { APPS, CONFIGURATION } from '../../../../src/assignments/kinds/permissions.ts';
import { accessOf, grantRemedy } from '../../../../src/graph/auth/permission.ts';

const NONE = { roles: [], scopes: [] };

test.each([
  ['write', { ...NONE, roles: [CONFIGURATION.write.name] }],
  ['write', { ...NONE, scopes: [CONFIGURATION.read, CONFIGURATION.write.name] }],
  ['read', { ...NONE, roles: [CONFIGURATION.read] }],
  ['write', { ...NONE, roles: [APPS.write.name] }],
  ['none', { ...NONE, roles: ['DeviceManagementManagedDevices.ReadWrite.All'] }],
  ['none', NONE],
  ['unknown', undefined],
])('the access is %s with %j', (access, claims) => {
  expect(accessOf(claims)).toBe(access);
});

test('what a token allows is told for each permission that kinds of policies need', () => {
  const claims = { ...NONE, roles: [APPS.read, CONFIGURATION.write.name] };
  expect(accessOf(claims, [APPS])).toBe('read');
  expect(accessOf(claims, [CONFIGURATION])).toBe('write');
  expect(accessOf(claims, [APPS, CONFIGURATION])).toBe('write');
  expect(grantRemedy({ ...NONE, appId: 'my-app' }, [APPS.write, CONFIGURATION.write])).toContain(
    `--api-permissions ${APPS.write.asApp}=Role ${CONFIGURATION.write.asApp}=Role &&`,
  );
});

test('an app is granted the permission for apps, and what signs people in the one for people', () => {
  expect(grantRemedy({ ...NONE, appId: 'my-app' })).toContain('--id my-app');
  expect(grantRemedy({ ...NONE, appId: 'my-app' })).toContain('9241abd9-d0e6-425a-bd4f-47ba86e767a4=Role');
  expect(grantRemedy({ ...NONE, scopes: ['User.Read'], appId: 'my-app' })).toContain(
    '0883f392-0a7a-443d-8c76-16a6d39c7b63=Scope',
  );
});

test("the Azure CLI's own app can't be granted anything: another sign-in is named", () => {
  const remedy = grantRemedy({
    ...NONE,
    scopes: ['User.Read'],
    appId: '04b07795-8ddb-461a-bbee-02f9e1bf7b46',
  });
  expect(remedy).toContain('`az login --service-principal');
  expect(remedy).not.toContain('az ad app permission');
});
