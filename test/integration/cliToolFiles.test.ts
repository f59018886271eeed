import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TenantSeed } from '../../src/simulator/tenantFile.ts';
import { guid } from '../support/guid.ts';
import { APPLY, site, type Site } from '../support/assignSite.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';
import { groupTarget } from '../support/simulatorClient.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

const filtered = (target: object, id: string, type: string): never =>
  ({
    ...target,
    deviceAndAppManagementAssignmentFilterId: id,
    deviceAndAppManagementAssignmentFilterType: type,
  }) as never;

const TENANT: TenantSeed = {
  policies: [
    {
      type: 'deviceConfiguration',
      id: 'c1',
      displayName: 'WIN - "strict", Köln',
      assignments: [
        { id: 'a1', target: groupTarget('old') },
        { id: 'a2', target: groupTarget('labs') },
      ],
    },
    {
      type: 'deviceCompliancePolicy',
      id: 'p1',
      displayName: 'PIN',
      assignments: [
        {
          id: 'b1',
          target: filtered({ '@odata.type': '#microsoft.graph.allDevicesAssignmentTarget' }, 'f1', 'exclude'),
        },
        { id: 'b2', target: groupTarget('old') },
      ],
    },
    { type: 'deviceConfiguration', id: 'c2', displayName: 'Empty', assignments: [] },
  ],
  filters: [{ id: 'f1', displayName: 'Corporate', platform: 'iOS' }],
};
const GROUPS = ['old', 'new', 'labs'].map((id) => ({ id, displayName: `GRP-${id}` }));

const tenant = (): Promise<Site> => site(redis.url, { tenant: TENANT, groups: GROUPS });
const held = (here: Site, id: string): string => here.held()[id]?.join(' ') ?? '';

describe("IntuneAssistant's template", () => {
  const HEADER = 'PolicyName;GroupName;AssignmentDirection;AssignmentAction;FilterName;FilterType';
  const template = (here: Site, ...rows: string[]): string =>
    here.file('template.csv', [HEADER, ...rows].join('\n'));

  test('adds and removes, and says what it is', async () => {
    const here = await tenant();
    const file = template(
      here,
      '"WIN - ""strict"", Köln";GRP-new;Include;Add;;',
      '"WIN - ""strict"", Köln";GRP-old;Include;Remove;;',
      'Empty;GRP-labs;Exclude;Add;;',
    );
    const { stderr } = await here.must(0, ...APPLY, file);
    expect(stderr).toContain("template.csv is IntuneAssistant's template for bulk assignments.");
    expect(held(here, 'c1')).toContain('"groupId":"new"');
    expect(held(here, 'c1')).not.toContain('"groupId":"old"');
    expect(held(here, 'c1')).toContain('"groupId":"labs"');
    expect(held(here, 'c2')).toContain('exclusionGroupAssignmentTarget');
  });

  test('replaces a whole list, also where a target of it has another filter, and rollback brings it back', async () => {
    const here = await tenant();
    const before = here.held();
    const file = template(
      here,
      'PIN;All Devices;Include;Replace;Corporate;Include',
      'PIN;GRP-labs;Exclude;Add;;',
    );
    await here.must(0, ...APPLY, file);
    const lists = here.held()['p1'];
    expect(lists).toHaveLength(2);
    expect(held(here, 'p1')).toContain('"deviceAndAppManagementAssignmentFilterType":"include"');
    expect(held(here, 'p1')).toContain('exclusionGroupAssignmentTarget');
    expect(held(here, 'p1')).not.toContain('"groupId":"old"');
    await here.must(0, 'rollback', '@last', '--yes', '--work');
    expect(here.held()).toEqual(before);
  });

  test('NoAssignment empties a policy, which the guard stops', async () => {
    const here = await tenant();
    const file = template(here, 'PIN;;;NoAssignment;;');
    const { stderr } = await here.must(3, 'apply', '--yes', file);
    expect(stderr).toMatch(/nobody/);
    await here.must(0, ...APPLY, file);
    expect(here.held()['p1']).toEqual([]);
  });

  test('its rows with problems are told with line, column and remedy, and nothing is queued', async () => {
    const here = await tenant();
    const file = template(
      here,
      'Empty;GRP-new;Include;Move;;',
      'PIN;All Users;Exclude;Add;;',
      'Nothing;GRP-nwe;Include;Add;;',
      'Nobody;GRP-new;Include;Replace;;',
    );
    const open = join(here.dir, 'open.csv');
    const { stderr } = await here.must(2, 'apply', '--yes', file, '--problems', open);
    // In the order of the file, and with all that the tool says of a row that can't be read.
    expect(stderr.match(/:(\d):\d \w+:/g)).toEqual([
      ':2:4 AssignmentAction:',
      ':3:2 GroupName:',
      ':4:1 policyName:',
      ':4:2 groupName:',
      // It is two rows, a clear and an add.
      ':5:1 policyName:',
    ]);
    expect(readFileSync(open, 'utf8')).toContain(
      'PolicyName: Empty; GroupName: GRP-new; AssignmentDirection: Include',
    );
    expect(stderr).toContain(
      ':2:4 AssignmentAction: "Move" is no AssignmentAction that is known. Write one of: Add, Remove',
    );
    expect(stderr).toMatch(/:3:2 GroupName: "All Users" can't be excluded/);
    expect(stderr).toMatch(/:4:1 policyName: There is no policy "Nothing"/);
    expect(stderr).toMatch(/:4:2 groupName: There is no group "GRP-nwe"\. Did you mean .*"GRP-new"/);
    expect(here.simulator.stats().writesArrived).toBe(0);
  });
});

describe('an export whose rows tell no kind', () => {
  const HEADER =
    'ItemType,ItemName,ItemId,TargetType,GroupName,GroupId,Intent,FilterName,FilterId,FilterMode';
  const row = (...cells: string[]): string => cells.join(',');

  test('finds it by the ids of the policies, and adds what is not there', async () => {
    const here = await tenant();
    const file = here.file(
      'manager.csv',
      [
        HEADER,
        row('compliance', 'PIN', 'p1', 'group', 'GRP-old', guid('old'), 'applicable', '', '', ''),
        row(
          'profile',
          'Empty',
          'c2',
          'allUsers',
          'All Users',
          '',
          'applicable',
          'Corporate',
          guid('f1'),
          'include',
        ),
      ].join('\n'),
    );
    const { stderr } = await here.must(0, ...APPLY, file);
    expect(stderr).toContain(
      'manager.csv is an export of intune-assignments-manager: what it lists is added',
    );
    expect(held(here, 'c2')).toContain('allLicensedUsersAssignmentTarget');
    expect((await here.results()).map(({ status }) => status)).toEqual(['skipped', 'succeeded']);
    await here.must(0, ...APPLY, file, '--action', 'remove');
    expect(here.held()['c2']).toEqual([]);
    expect(held(here, 'p1')).not.toContain('"groupId":"old"');
  });

  test('a policy of no kind that is known is a problem, and can be left out', async () => {
    const here = await tenant();
    const file = here.file(
      'manager.csv',
      [
        HEADER,
        row('app', 'Reader', 'x9', 'allDevices', '', '', 'required', '', '', ''),
        row('profile', 'Empty', 'c2', 'group', 'GRP-new', guid('new'), 'applicable', '', '', ''),
      ].join('\n'),
    );
    const { stderr } = await here.must(2, 'plan', file);
    expect(stderr).toMatch(
      /:2:3 policyId: The tenant has no policy with the id "x9" among the kinds that this version knows: configurations/,
    );
    await here.must(1, ...APPLY, file, '--skip-invalid');
    expect(held(here, 'c2')).toContain('"groupId":"new"');
  });
});

describe('what Graph shows', () => {
  const graphs = (here: Site) => ({
    '@odata.context':
      'https://graph.microsoft.com/beta/$metadata#deviceManagement/deviceConfigurations(assignments())',
    value: here.simulator
      .snapshot()
      .policies.filter(({ type }) => type === 'deviceConfiguration')
      .map(({ id, displayName, assignments }) => ({
        id,
        displayName,
        assignments: assignments.map(({ id: own, target }) => ({ id: own, intent: 'apply', target })),
      })),
  });

  test('is already so as it is, and sets what was changed in it', async () => {
    const here = await tenant();
    const shown = JSON.stringify(graphs(here), null, 2);
    const same = JSON.parse(
      (await here.run(['plan', here.file('graph.json', shown), '--json'])).stdout,
    ) as object;
    expect(same).toMatchObject({ rows: 2, writes: 0 });
    const edited = here.file('edited.json', shown.replace(guid('old'), guid('new')));
    const { stderr } = await here.must(0, ...APPLY, edited);
    expect(stderr).toMatch(/each assignment gets the target that stands there, by its id/);
    expect(stderr).toContain('Passed over: 1 policy assigned to nobody.');
    expect(held(here, 'c1')).toContain('"groupId":"new"');
    expect(held(here, 'c1')).not.toContain('"groupId":"old"');
  });

  test('of another tenant is added by names', async () => {
    const here = await tenant();
    const backup = [
      {
        ...{
          '@odata.type': '#microsoft.graph.windows10CustomConfiguration',
          id: 'theirs',
          displayName: 'Empty',
        },
        assignments: [
          {
            id: 'theirs-1',
            target: {
              ...{ '@odata.type': '#microsoft.graph.groupAssignmentTarget', groupId: guid('their-group') },
              ...{ deviceAndAppManagementAssignmentFilterType: 'none' },
            },
          },
        ],
      },
    ];
    const migration = {
      TenantId: 't',
      Objects: [{ Id: guid('their-group'), DisplayName: 'GRP-labs', Type: 'Group' }],
    };
    const file = here.file('backup.json', JSON.stringify(backup));
    const table = here.file('MigrationTable.json', JSON.stringify(migration));
    await here.must(0, ...APPLY, file, '--by-name', '--rename', table);
    expect(held(here, 'c2')).toContain('"groupId":"labs"');
    backup[0]?.assignments.forEach((each) => Object.assign(each, { settings: { more: true } }));
    const { stderr } = await here.must(
      2,
      'plan',
      here.file('settings.json', JSON.stringify(backup)),
      '--by-name',
    );
    expect(stderr).toMatch(/With --by-name the ids in a body of another tenant say nothing/);
  });
});
