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

const FILTERS = [
  { id: 'f1', displayName: 'Corporate', platform: 'iOS' },
  { id: 'f2', displayName: 'Corporate', platform: 'windows10AndLater' },
  { id: 'f3', displayName: 'Kiosk', platform: 'windows10AndLater' },
];
const policy = (
  id: string,
  displayName: string,
  groupId = 'old',
  type: 'deviceConfiguration' | 'deviceCompliancePolicy' = 'deviceConfiguration',
) => ({ type, id, displayName, assignments: [{ id: `${id}-a`, target: groupTarget(groupId) }] });

const TENANT: TenantSeed = {
  policies: [
    policy('c1', 'WIN - Bitlocker, "strict"'),
    policy('c2', 'Drucker Köln'),
    policy('c3', 'Twice'),
    policy('c4', 'Twice'),
    policy('c5', 'Both kinds'),
    policy('p1', 'Both kinds', 'old', 'deviceCompliancePolicy'),
    policy('c6', 'Trailing blank '),
  ],
  filters: FILTERS,
};
const GROUPS = [
  { id: 'old', displayName: 'GRP-Old' },
  { id: 'new', displayName: "GRP-New's" },
  { id: 'g1', displayName: 'Same' },
  { id: 'g2', displayName: 'SAME' },
];

const tenant = (settings = {}): Promise<Site> =>
  site(redis.url, { tenant: TENANT, groups: GROUPS, ...settings });

/** The German Excel's way, with the headers of somebody's own. */
const COLUMNS = ['--columns', 'OldGroup=fromGroupName,NewGroup=groupName'];
const lines = (...rows: string[]): string => `\ufeffPolicyName;OldGroup;NewGroup\r\n${rows.join('\r\n')}\r\n`;

const heldBy = (here: Site, policyId: string): string => here.held()[policyId]?.join() ?? '';

describe('a file of names', () => {
  test('moves policies by the names of policies and groups, whatever blanks, letter case and Unicode form they have', async () => {
    const here = await tenant();
    const file = here.file(
      'names.csv',
      lines(
        `"WIN - Bitlocker, ""strict""";GRP-Old;GRP-New's`,
        `  drucker ${'Köln'.normalize('NFD')};grp-old;GRP-New's`,
        `Trailing blank;GRP-Old;GRP-New's`,
      ),
    );
    const ran = await here.must(0, ...APPLY, file, ...COLUMNS);
    for (const id of ['c1', 'c2', 'c6']) expect(heldBy(here, id)).toContain('"groupId":"new"');
    expect(heldBy(here, 'c3')).toContain('"groupId":"old"');
    expect(ran.stderr).toContain('is taken for "Drucker Köln"');
    expect(ran.stderr).toContain('"grp-old" is taken for "GRP-Old"');
    const [first] = (await here.results()) as unknown as Record<string, unknown>[];
    expect(first).toMatchObject({
      policyId: 'c1',
      policyName: 'WIN - Bitlocker, "strict"',
      status: 'succeeded',
    });
    await here.must(0, 'rollback', '@last', '--yes', '--work');
    expect(heldBy(here, 'c1')).toContain('"groupId":"old"');
  });

  test('takes the kind of policy that the row says, and its id as the last word', async () => {
    const here = await tenant();
    const file = here.file(
      'kinds.csv',
      lines('Both kinds;GRP-Old;Same')
        .replace('PolicyName;', 'PolicyType;PolicyName;GroupId;')
        .replace('Both', 'compliancePolicies;Both'),
    );
    await here.must(2, 'plan', file, ...COLUMNS); // the row has a cell too few
    const whole = here.file(
      'whole.csv',
      `PolicyType;PolicyName;OldGroup;TargetType;NewGroup;GroupId\r\ndeviceCompliancePolicies;Both kinds;GRP-Old;group;Same;${guid('g2')}\r\n`,
    );
    await here.must(0, ...APPLY, whole, ...COLUMNS);
    expect(heldBy(here, 'p1')).toContain('"groupId":"g2"');
    expect(heldBy(here, 'c5')).toContain('"groupId":"old"');
  });

  test('is refused whole with the candidates or the nearest names, and its open rows can be mended and given again', async () => {
    const here = await tenant();
    const file = here.file(
      'problems.csv',
      lines(
        `Twice;GRP-Old;GRP-New's`,
        `Drucker Koeln;GRP-Old;GRP-New's`,
        `Drucker Köln;GRP-Old;GRP-Nee`,
        `Both kinds;GRP-Old;same`,
        `Trailing blank;GRP-Old;GRP-New's`,
      ),
    );
    const open = join(here.dir, 'open.csv');
    const { stderr } = await here.must(2, 'apply', '--yes', file, ...COLUMNS, '--problems', open);
    expect(stderr).toMatch(
      /problems\.csv:2:1 policyName: 2 policies are called "Twice": c3, deviceConfiguration,.* assigned to group old; c4/,
    );
    expect(stderr).toMatch(
      /:3:1 policyName: There is no policy "Drucker Koeln"\. Did you mean "Drucker Köln"\?/,
    );
    expect(stderr).toMatch(/:4:3 groupName: There is no group "GRP-Nee"\. Did you mean .*"GRP-New's"/);
    expect(stderr).toMatch(/:5:1 policyName: 2 policies are called "Both kinds"/);
    expect(stderr).toMatch(/:5:3 groupName: 2 groups are called "same": g1; g2/);
    expect(here.simulator.stats().writesArrived).toBe(0);
    const mended = readFileSync(open, 'utf8');
    expect(mended.split('\n')[0]).toBe('policyName,fromGroupName,groupName,problem');
    expect(mended.trim().split('\n')).toHaveLength(5);
    const again = here.file(
      'again.csv',
      mended
        .replace('Drucker Koeln', 'Drucker Köln')
        .split('\n')
        .filter((line) => !/Twice|GRP-Nee|Both/.test(line))
        .join('\n'),
    );
    await here.must(0, ...APPLY, again);
    expect(heldBy(here, 'c2')).toContain('"groupId":"new"');
  });

  test('says which permission is missing', async () => {
    const here = await tenant({ groupReadsRefused: true });
    const file = here.file('names.csv', lines(`Drucker Köln;GRP-Old;GRP-New's`));
    const { stderr } = await here.must(2, 'plan', file, ...COLUMNS);
    expect(stderr).toContain('GroupMember.Read.All');
  });

  test('has no meaning where the tenant is not read', async () => {
    const here = await tenant();
    const file = here.file('names.csv', lines(`Drucker Köln;GRP-Old;GRP-New's`));
    const { stderr } = await here.must(2, 'submit', '--no-plan', file, ...COLUMNS);
    expect(stderr).toContain('policyName where the tenant is read');
  });
});

test('filters are named, none is none, and several of one name are told apart by their platform', async () => {
  const here = await tenant();
  const row = (filter: string, type: string): string =>
    `PolicyName,OldGroup,NewGroup,FilterName,FilterType\nDrucker Köln,GRP-Old,GRP-New's,${filter},${type}\n`;
  await here.must(0, ...APPLY, here.file('kiosk.csv', row('kiosk', 'include')), ...COLUMNS);
  expect(heldBy(here, 'c2')).toContain('"deviceAndAppManagementAssignmentFilterId":"f3"');
  const none = row('None', '').replace('GRP-Old', "GRP-New's").replace(",GRP-New's,None", ',GRP-Old,None');
  await here.must(0, ...APPLY, here.file('none.csv', none), ...COLUMNS);
  expect(heldBy(here, 'c2')).not.toContain('f3');
  const { stderr } = await here.must(
    2,
    'plan',
    here.file('two.csv', row('Corporate', 'include')),
    ...COLUMNS,
  );
  expect(stderr).toContain('2 filters are called "Corporate"');
});

test("another tenant's file finds its things by their names, renamed where they are called otherwise", async () => {
  const here = await tenant();
  const file = here.file(
    'other.csv',
    'policyType,policyName,policyId,assignmentId,fromTargetType,fromGroupId,fromGroupName,targetType,groupId,groupName\n' +
      "deviceConfiguration,Printers,theirs,theirs-a,group,x1,Their old,group,x2,GRP-New's\n",
  );
  const rename = here.file('rename.csv', 'kind;old;new\npolicy;Printers;Drucker Köln\n;Their old;GRP-Old\n');
  await here.must(0, ...APPLY, file, '--by-name', '--rename', rename);
  expect(heldBy(here, 'c2')).toContain('"groupId":"new"');
  const bare = here.file('bare.csv', 'policyName,fromGroupId,groupName\nDrucker Köln,x1,Same\n');
  const { stderr } = await here.must(2, 'plan', bare, '--by-name');
  expect(stderr).toContain('fromGroupId of another tenant says nothing');
  expect((await here.must(2, 'plan', file, '--columns', 'a=grupName')).stderr).toContain(
    'Did you mean groupName?',
  );
});

describe('files that say what things are called', () => {
  const row = (old: string): string => `PolicyName;OldGroup;NewGroup\r\nDrucker Köln;${old};Same group\r\n`;
  const GROUPS_HERE = [
    { id: 'old', displayName: 'GRP-Old, EU' },
    { id: 'new', displayName: 'Same group' },
  ];

  test.each([
    ['as German Excel saves them', Buffer.from('\ufeffold;new\r\nTheirs, EU;GRP-Old, EU\r\n')],
    [
      'as PowerShell saves them',
      Buffer.from('\ufeff"old","new"\r\n"Theirs, EU","GRP-Old, EU"\r\n', 'utf16le'),
    ],
  ])('are read %s, commas in names and all', async (_what, bytes) => {
    const here = await tenant({ groups: GROUPS_HERE });
    const rename = here.file('rename.csv', bytes);
    await here.must(0, ...APPLY, here.file('names.csv', row('Theirs, EU')), ...COLUMNS, '--rename', rename);
    expect(heldBy(here, 'c2')).toContain('"groupId":"new"');
  });

  test.each([
    ['rename.csv', Buffer.from('old;new\nK\xf6ln;A\n', 'latin1'), 'is no text in UTF-8', '--rename'],
    [
      'rename.csv',
      'old,new\nA,B\na,C\n',
      'rename.csv:3:1: "a" becomes "C" here and "B" in line 2.',
      '--rename',
    ],
    [
      'map.csv',
      'OldGroup,fromGroupName\nNewGroup,grupName\n',
      'map.csv:2: "grupName" is no column.',
      '--columns',
    ],
    [
      'map.csv',
      'OldGroup;fromGroupName\nOldGroup;groupName\n',
      'map.csv:2: "OldGroup" is said to be',
      '--columns',
    ],
  ])(
    'are refused where they can be read in two ways, or in none: %s %j',
    async (name, content, said, flag) => {
      const here = await tenant();
      const file = here.file('names.csv', row('GRP-Old'));
      const columns = flag === '--columns' ? [] : COLUMNS;
      const { stderr } = await here.must(2, 'plan', file, ...columns, flag, here.file(name, content));
      expect(stderr).toContain(said);
    },
  );

  test('tell, of a name that nobody has, what it was put in the place of', async () => {
    const here = await tenant();
    const rename = here.file('rename.csv', 'old,new\nGRP-Old,GRP-Mid\nGRP-Mid,Same\n');
    const file = here.file('names.csv', row('GRP-Old'));
    const { stderr } = await here.must(2, 'plan', file, ...COLUMNS, '--rename', rename);
    expect(stderr).toContain('There is no group "GRP-Mid". --rename puts it in the place of "GRP-Old".');
  });
});

describe('a name beside an id', () => {
  const HEADER =
    'policyType,policyId,fromTargetType,fromGroupId,fromGroupName,targetType,groupId,groupName\n';
  const row = (...cells: string[]): string =>
    `deviceConfiguration,c2,group,${guid('old')},GRP-Old,group,${cells.join(',')}\n`;

  test('must agree with it, or nothing is queued: the one that is not meant is left blank', async () => {
    const here = await tenant();
    const plan = (name: string, ...rows: string[]) => here.file(name, HEADER + rows.join(''));
    const both = plan('both.csv', row(guid('new'), 'GRP-Old'));
    const { stderr } = await here.must(2, 'apply', '--yes', both);
    expect(stderr).toContain('both.csv:2:1 groupName: Expected the group "GRP-Old", found "GRP-New\'s"');
    expect(stderr).toContain('Leave groupId blank if the name is meant, or groupName if the id is.');
    expect(here.simulator.stats().writesArrived).toBe(0);
    await here.must(0, 'plan', plan('name.csv', row('', "GRP-New's")));
    await here.must(0, 'plan', plan('id.csv', row(guid('new'), '')));
    await here.must(0, ...APPLY, plan('agree.csv', row(guid('new'), "grp-new's")));
    expect(heldBy(here, 'c2')).toContain('"groupId":"new"');
  });

  test('is found out when a column of an export is sorted alone', async () => {
    const here = await tenant();
    const exported = JSON.parse((await here.must(0, 'export', '--format', 'json')).data) as object[];
    const edited = exported.map((each) => ({ ...each, groupName: 'Same', fromGroupName: 'GRP-Old' }));
    const { stderr } = await here.must(2, 'plan', here.file('sorted.json', JSON.stringify(edited)));
    expect(stderr).toContain('groupName: Expected the group "Same", found "GRP-Old"');
  });

  test('is not looked at where groups may not be read', async () => {
    const here = await tenant({ groupReadsRefused: true });
    const file = here.file('both.csv', HEADER + row(guid('new'), 'Whatever'));
    // The guard stops a group that nobody could look at.
    expect((await here.must(3, 'plan', file)).stderr).not.toContain('Expected the group');
  });
});

test.each([
  ['set', { alreadySo: 4, writes: 0 }],
  ['add', { alreadySo: 4, writes: 0 }],
  ['remove', { alreadySo: 0, writes: 4 }],
])('an export of another tenant says by its names what to %s in this one', async (action, planned) => {
  // Both tenants call the same things so, and know them by other ids.
  const foreign = await tenant();
  const { data } = await foreign.must(0, 'export', '--format', 'json', '--where', 'policyName!=Twice');
  const rows = (JSON.parse(data) as Record<string, string>[])
    .filter(
      ({ policyType, policyName }) => policyName !== 'Both kinds' || policyType === 'deviceConfiguration',
    )
    .map((row) => ({
      ...row,
      policyId: 'theirs',
      groupId: guid('theirs'),
      fromGroupId: guid('theirs'),
      action,
    }));
  const here = await tenant();
  const file = here.file('foreign.json', JSON.stringify(rows));
  const { stdout } = await here.must(action === 'remove' ? 3 : 0, 'plan', file, '--by-name', '--json');
  expect(JSON.parse(stdout)).toMatchObject({ rows: 4, refused: 0, ...planned });
});
