import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { keysOf } from '../../src/runs/keys.ts';
import { generateTenant } from '../../src/simulator/generateTenant.ts';
import type { EditInput } from '../../src/simulator/editSchema.ts';
import type { SeedAssignment } from '../../src/simulator/assignmentSeed.ts';
import type { SeedPolicy, TenantSeed } from '../../src/simulator/tenantFile.ts';
import { bench, csv, type Bench, type Ran } from '../support/cli.ts';
import { guid, withGuids } from '../support/guid.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';
import { groupTarget, SMALL_TENANT } from '../support/simulatorClient.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

const small = (options: object = {}): Promise<Bench> =>
  bench(redis.url, { tenant: SMALL_TENANT, ...options });
const exclusion = (groupId: string) => ({
  '@odata.type': '#microsoft.graph.exclusionGroupAssignmentTarget',
  groupId,
});

async function snapshotOf(here: Bench, name = 'friday.json'): Promise<string> {
  const file = join(here.dir, name);
  expect(await here.run(['snapshot', '-o', file])).toMatchObject({ exitCode: 0, stdout: '' });
  return file;
}

/** Whatever the guard finds is allowed, with its exact counts. */
async function restore(here: Bench, argv: readonly string[]): Promise<Ran> {
  const { stdout } = await here.run(['restore', ...argv, '--dry-run', '--json']);
  const { guard = {} } = stdout === '' ? {} : (JSON.parse(stdout) as { guard?: object });
  const allowed = Object.entries(guard).map(([kind, count]) => `${kind}=${count}`);
  return here.run(['restore', ...argv, '--yes', '--allow', allowed.join(',')]);
}

/** Another hand, in the portal. */
const edit = (here: Bench, edits: readonly EditInput[]): void => here.simulator.edit(withGuids(edits));
const inC1 = { type: 'deviceConfiguration', policyId: 'c1' } as const;

/** Equal for two values that are the same, whatever the order of their members. */
const text = (value: unknown): string =>
  JSON.stringify(value, (_, inner: unknown) => {
    if (typeof inner === 'bigint') return `${inner}n`;
    return typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner;
  });

/** The tenant without what Graph sets by itself: in what order assignments stand, and under which ids. */
const values = ({ policies }: TenantSeed): Record<string, unknown> =>
  Object.fromEntries(
    policies.map(({ id, via = '', assignments }) => [
      `${id}/${via}`,
      assignments.map(({ id: _id, ...entry }) => text(entry)).toSorted(),
    ]),
  );

describe('a tenant that was changed by a run and by another hand', () => {
  /** Of every list by turns: another group in the place of the first, its last entry gone, one entry more, or all of it gone. */
  function changesOf({ policies }: TenantSeed) {
    const rows: Record<string, string>[] = [];
    const edits: EditInput[] = [];
    const isOurs = ({ source }: SeedAssignment): boolean => source !== 'policySets';
    const own = policies.filter(({ via = '' }) => via === '');
    for (const [n, { id: policyId, type, assignments }] of own.entries()) {
      const [first, second] = assignments.filter(isOurs);
      const of = { policyType: type, policyId };
      const at = { type, policyId };
      const row = (action: string, assignmentId = '', groupId = '') => ({
        ...{ ...of, action, assignmentId },
        ...{ targetType: groupId === '' ? '' : 'group', groupId },
      });
      if (first === undefined || second === undefined) continue;
      if (n % 2 === 0) {
        if (n % 8 === 0) rows.push(row('clear'));
        else
          rows.push(row('set', first.id, `new-${n}`), row('remove', second.id), row('add', '', `more-${n}`));
      } else
        edits.push(
          { do: 'change', ...at, assignmentId: first.id, target: exclusion(guid(`other-${n}`)) },
          { do: 'remove', ...at, assignmentId: second.id },
          { do: 'add', ...at, assignment: { id: `added-${n}`, target: groupTarget(guid(`hand-${n}`)) } },
        );
    }
    return { rows, edits };
  }

  test.each([
    ['where ids are opaque', {}],
    ['where ids are made of policy and group', { rekey: true }],
    ['where PATCH is refused', { refusePatch: ['deviceConfiguration', 'deviceCompliancePolicy'] as const }],
  ])('is as in the snapshot again, value for value, %s', async (_, options) => {
    const tenant = generateTenant({
      ...{ configurations: 120, compliancePolicies: 80, assignmentsPerPolicy: 4, seed: 11, nested: false },
      ...{ policySetShare: 0.1, unknownTargetShare: 0.05, unknownPropertyShare: 0.1 },
    });
    const here = await bench(redis.url, {
      tenant,
      ...options,
      refusePatch: [...(('refusePatch' in options ? options.refusePatch : undefined) ?? [])],
    });
    const before = values(here.simulator.snapshot());
    const file = await snapshotOf(here);
    const { rows, edits } = changesOf(here.simulator.snapshot());
    expect(rows.length + edits.length).toBeGreaterThan(450);
    const changes = here.file('changes.csv', csv(rows));
    const strategy = 'refusePatch' in options ? ['--strategy', 'assign'] : [];
    const planned = JSON.parse((await here.run(['plan', changes, '--json', ...strategy])).stdout) as {
      guard: object;
    };
    const allowed = Object.entries(planned.guard).map(([kind, count]) => `${kind}=${count}`);
    const applied = await here.run(['apply', changes, '--yes', '--allow', allowed.join(','), ...strategy]);
    expect(applied.exitCode, applied.stderr).toBe(0);
    here.simulator.edit(edits);
    expect(values(here.simulator.snapshot())).not.toEqual(before);
    expect(await here.run(['diff', file, 'now'])).toMatchObject({ exitCode: 1 });

    const restored = await restore(here, [file, ...strategy]);
    expect(restored.exitCode, restored.stderr).toBe(0);
    expect(values(here.simulator.snapshot())).toEqual(before);
    const diff = await here.run(['diff', file, 'now']);
    expect(diff).toMatchObject({ exitCode: 0, stdout: '' });
    expect(diff.stderr).toContain('No difference in 200 policies.');

    const again = await here.run(['restore', file, '--yes']);
    expect(again).toMatchObject({ exitCode: 0 });
    expect(again.stderr).toMatch(/^Nothing is to be restored from .*: 200 policies as in the snapshot\.\n$/);
  });

  test('can be rolled back to what it was before the restore', async () => {
    const here = await small();
    const file = await snapshotOf(here);
    edit(here, [
      { do: 'remove', ...inC1, assignmentId: 'a2' },
      { do: 'change', ...inC1, assignmentId: 'a1', intent: 'remove' },
      { do: 'add', ...inC1, assignment: { id: 'a9', target: groupTarget('g9') } },
    ]);
    const before = values(here.simulator.snapshot());
    expect(await restore(here, [file])).toMatchObject({ exitCode: 0 });
    expect(values(here.simulator.snapshot())).not.toEqual(before);
    expect(await here.run(['rollback', '@last', '--yes', '--work'])).toMatchObject({ exitCode: 0 });
    expect(values(here.simulator.snapshot())).toEqual(before);
  });
});

describe('a restore', () => {
  test('is guarded, and asks', async () => {
    const here = await small();
    const file = await snapshotOf(here);
    edit(here, [{ do: 'change', ...inC1, assignmentId: 'a1', intent: 'remove' }]);
    const stopped = await here.run(['restore', file, '--yes']);
    expect(stopped.exitCode).toBe(3);
    expect(stopped.stderr).toMatch(/^ +intent-turned=1 +group g1: remove → apply: line 2$/m);
    expect(stopped.stderr).toContain('Nothing was changed.');
    const asked = here.start(['restore', file, '--allow', 'intent-turned=1'], {
      isTerminal: true,
      stdin: 'n\n',
    });
    await asked.said('Restore 1 assignment in ');
    expect(await asked.ended).toMatchObject({ exitCode: 3 });
    expect(here.simulator.stats().writesArrived).toBe(0);
    expect(await here.run(['restore', file])).toMatchObject({ exitCode: 2 });
  });

  test('empties policies that were unassigned, and leaves those alone that the snapshot does not know', async () => {
    const tenant: TenantSeed = { policies: [policy('old'), policy('young')] };
    const here = await bench(redis.url, { tenant });
    const file = await snapshotOf(here);
    // The same tenant, with a policy more.
    const later = await bench(
      redis.url,
      { tenant: { policies: [policy('old', 'g1', 'g2'), policy('young', 'g1'), policy('new', 'g1')] } },
      { AZURE_TENANT_ID: here.env['AZURE_TENANT_ID'] ?? '' },
    );
    const shown = await later.run(['restore', file, '--dry-run', '--json']);
    expect(JSON.parse(shown.stdout)).toMatchObject({ rows: 3, writes: 3 });
    expect(await restore(later, [file])).toMatchObject({ exitCode: 0 });
    const lists = later.simulator.snapshot().policies.map(({ id, assignments }) => [id, assignments.length]);
    expect(lists).toEqual([
      ['old', 0],
      ['young', 0],
      ['new', 1],
    ]);
  });

  test('never removes what policy sets assign, and tells so', async () => {
    const here = await small();
    const file = await snapshotOf(here);
    edit(here, [
      { do: 'add', ...inC1, assignment: { id: 'a9', target: groupTarget('g9'), source: 'policySets' } },
      { do: 'remove', type: 'deviceConfiguration', policyId: 'c2', assignmentId: 'a4' },
    ]);
    const ran = await here.run(['restore', file, '--yes']);
    expect(ran.exitCode).toBe(0);
    expect(ran.stderr).toContain('1 assignment that a policy set or a deployment keeps now: left alone');
    expect(ran.stderr).toContain('1 assignment that a policy set or a deployment kept: left out');
    expect(here.simulator.stats().writesArrived).toBe(0);
  });

  test('tells policies that are gone, and restores the others', async () => {
    const here = await bench(redis.url, {
      tenant: { policies: [policy('kept', 'g1'), policy('gone', 'g1')] },
    });
    const file = await snapshotOf(here);
    const later = await bench(
      redis.url,
      { tenant: { policies: [policy('kept')] } },
      { AZURE_TENANT_ID: here.env['AZURE_TENANT_ID'] ?? '' },
    );
    const ran = await restore(later, [file]);
    expect(ran.exitCode).toBe(1);
    expect(ran.stderr).toContain(
      '1 policy that the tenant does not have: left out, as no assignment brings them back\n    line 3\n',
    );
    expect(later.simulator.snapshot().policies[0]?.assignments).toMatchObject([
      { target: groupTarget(guid('g1')) },
    ]);
  });

  test('leaves out policies that it may not read, and says why', async () => {
    const here = await small();
    const file = await snapshotOf(here);
    edit(here, [
      { do: 'remove', ...inC1, assignmentId: 'a2' },
      { do: 'remove', type: 'deviceCompliancePolicy', policyId: 'p1', assignmentId: 'a5' },
    ]);
    here.simulator.reconfigure({ refusals: [{ policyId: 'p1', method: 'GET', status: 403 }] });
    const ran = await restore(here, [file]);
    expect(ran.exitCode).toBe(1);
    expect(ran.stderr).toContain("1 policy that can't be read: left out (Forbidden: ");
    expect((await here.run(['diff', file, 'now'])).stderr).toContain('Not compared: ');
  });

  test('says as JSON that there is nothing to restore', async () => {
    const here = await small();
    const file = await snapshotOf(here);
    const { stdout } = await here.run(['restore', file, '--dry-run', '--json']);
    expect(JSON.parse(stdout)).toEqual({ rows: 0, writes: 0, same: 3, unmeant: 0, gone: 0 });
  });

  test('of what had a group that is gone is a problem, until it is left out', async () => {
    const here = await bench(redis.url, {
      tenant: { policies: [policy('p1', 'g1', 'g2'), policy('p2', 'g1')] },
      groups: [{ id: 'g2', displayName: 'GRP-Sales' }],
    });
    const file = await snapshotOf(here);
    const later = await bench(
      redis.url,
      { tenant: { policies: [policy('p1'), policy('p2')] }, groupsMissing: ['g2'] },
      { AZURE_TENANT_ID: here.env['AZURE_TENANT_ID'] ?? '' },
    );
    const refused = await later.run(['restore', file, '--yes']);
    expect(refused.exitCode).toBe(2);
    expect(refused.stderr).toContain(
      `${file}:2:1: The group "GRP-Sales" (g2) is gone; the policy "p1" was assigned to it.`,
    );
    expect(refused.stderr).toContain("--where 'groupId!=g2'");
    expect(later.simulator.stats().writesArrived).toBe(0);
    expect(await restore(later, [file, '--skip-invalid'])).toMatchObject({ exitCode: 1 });
    const lists = (): unknown =>
      later.simulator.snapshot().policies.map(({ assignments }) => assignments.length);
    expect(lists()).toEqual([0, 1]);
    expect(await restore(later, [file, '--where', `groupId!=${guid('g2')}`])).toMatchObject({ exitCode: 0 });
    expect(lists()).toEqual([1, 1]);
  });

  test('of a part takes only what --where and --scope mean', async () => {
    const here = await small({ groups: [{ id: 'g7', displayName: 'GRP-New' }] });
    const file = await snapshotOf(here);
    edit(here, [
      { do: 'remove', ...inC1, assignmentId: 'a2' },
      { do: 'add', ...inC1, assignment: { id: 'a7', target: groupTarget('g7') } },
      {
        do: 'add',
        type: 'deviceCompliancePolicy',
        policyId: 'p1',
        assignment: { id: 'a3', target: groupTarget('g3') },
      },
    ]);
    const rowsOf = async (...flags: readonly string[]): Promise<unknown> => {
      const { stdout, stderr } = await here.run(['restore', file, '--dry-run', '--json', ...flags]);
      return (JSON.parse(stdout) as { writes: number }).writes || stderr;
    };
    expect(await rowsOf()).toBe(3);
    expect(await rowsOf('--where', 'groupName=GRP-New')).toBe(1);
    expect(await rowsOf('--where', 'policyName=Wi-Fi')).toBe(2);
    expect(await rowsOf('--where', 'policyType=deviceCompliancePolicy')).toBe(1);
    expect(await rowsOf('--where', 'action=add')).toBe(1);
    // g7 stands nowhere in the snapshot.
    expect(await rowsOf('--scope', 'listed-groups')).toBe(2);
    expect(await rowsOf('--where', 'platform=macOS')).toContain(
      '2 policies that differ only in what --where',
    );
    expect(await here.run(['restore', file, '--dry-run', '--where', 'note=x'])).toMatchObject({
      exitCode: 2,
    });
  });

  test('is of nothing but an unharmed snapshot of this tenant', async () => {
    const here = await small();
    const file = await snapshotOf(here);
    const run = async (path: string, at = here): Promise<string> => {
      const ran = await at.run(['restore', path, '--yes']);
      expect(ran).toMatchObject({ exitCode: 2, stdout: '' });
      return ran.stderr;
    };
    const text = readFileSync(file, 'utf8');
    expect(
      await run(here.file('edited.json', text.replace('"intent":"apply"', '"intent":"remove"'))),
    ).toContain('The snapshot was edited: its seal is broken.');
    expect(await run(here.file('cut.json', text.slice(0, 1500)))).toContain('cut.json:');
    const rows = here.file(
      'rows.csv',
      csv([{ policyType: 'deviceConfiguration', policyId: 'c1', action: 'clear' }]),
    );
    expect(await run(rows)).toContain(
      `It may be read as rows, which change only what they name: \`retarget plan ${rows}\``,
    );
    expect(await run('nowhere.json')).toContain('Cannot read nowhere.json');
    const elsewhere = await small();
    expect(await run(file, elsewhere)).toContain('is of tenant');
    expect(here.simulator.stats().writesArrived + elsewhere.simulator.stats().writesArrived).toBe(0);
    for (const command of ['plan', 'apply'])
      expect((await here.run([command, file, ...(command === 'apply' ? ['--yes'] : [])])).stderr).toContain(
        'is a snapshot of a tenant: it says what was, not what is to be changed.',
      );
  });
});

describe('a snapshot', () => {
  test('says what it could not read, and exits 1', async () => {
    const here = await small({ refusals: [{ policyId: 'p1', method: 'GET', status: 403 }] });
    const file = join(here.dir, 'friday.json');
    const ran = await here.run(['snapshot', '-o', file]);
    expect(ran.exitCode).toBe(1);
    expect(ran.stderr).toContain('Not in it: ');
    expect(ran.stderr).toContain('does not show every deviceCompliancePolicy');
    const restored = await here.run(['restore', file, '--yes']);
    expect(restored.stderr).toContain('deviceCompliancePolicy is not in the snapshot and left alone');
    const diff = await here.run(['diff', file, 'now']);
    expect(diff).toMatchObject({ exitCode: 1, stdout: '' });
    expect(diff.stderr).toContain('Not compared: ');
  });

  test('needs a file, and filters', async () => {
    const here = await small();
    expect(await here.run(['snapshot'])).toMatchObject({ exitCode: 2 });
    const file = join(here.dir, 'friday.json');
    expect((await here.run(['snapshot', '-o', file, '--api-version', 'v1.0'])).stderr).toContain(
      'v1.0 shows neither',
    );
    expect(existsSync(file)).toBe(false);
  });

  test('of another Redis is taken, and nobody can tell whether it was edited', async () => {
    const here = await small();
    const file = await snapshotOf(here);
    const client = new Redis(redis.url ?? '');
    await client.del(keysOf(here.env['AZURE_TENANT_ID'] ?? '').seal);
    client.disconnect();
    const ran = await here.run(['restore', file, '--yes']);
    expect(ran).toMatchObject({ exitCode: 0 });
    expect(ran.stderr).toContain('was sealed elsewhere (by another Redis): its checksum holds');
  });
});

describe('diff', () => {
  test('names policies, groups and filters, and gives whole ids as JSON', async () => {
    const here = await small({ groups: [{ id: 'g2', displayName: 'GRP-Sales' }] });
    const file = await snapshotOf(here);
    edit(here, [
      { do: 'remove', ...inC1, assignmentId: 'a2' },
      { do: 'change', ...inC1, assignmentId: 'a1', intent: 'remove' },
    ]);
    const ran = await here.run(['diff', file, 'now']);
    expect(ran.exitCode).toBe(1);
    expect(ran.stdout).toContain('Configuration "Wi-Fi" (c1)\n');
    expect(ran.stdout).toMatch(
      /^ {2}- group "GRP-Sales" \(\w+…?\), include filter "Filter f1" \(\w+…?\), intent apply$/m,
    );
    expect(ran.stderr).toContain('1 policy with other assignments (1 removed, 1 changed).');
    const json = JSON.parse((await here.run(['diff', 'now', file, '--json'])).stdout) as {
      differences: readonly { readonly assignments: readonly { readonly change: string }[] }[];
    };
    expect(json).toMatchObject({
      before: { name: 'now' },
      differences: [
        { difference: 'changed', policyType: 'deviceConfiguration', policyId: 'c1', policyName: 'Wi-Fi' },
      ],
    });
    expect(json.differences[0]?.assignments.map(({ change }) => change).toSorted()).toEqual([
      'added',
      'changed',
    ]);
  });

  test('of two files needs neither Redis nor a sign-in', async () => {
    const here = await small();
    const file = await snapshotOf(here);
    const env = {
      REDIS_URL: 'redis://127.0.0.1:1',
      RETARGET_ACCESS_TOKEN: undefined,
      AZURE_TENANT_ID: undefined,
    };
    expect(await here.run(['diff', file, file], { env })).toMatchObject({ exitCode: 0, stdout: '' });
    expect(await here.run(['diff', 'now', 'now'])).toMatchObject({ exitCode: 2 });
    expect(await here.run(['diff', file, file, '--rename', 'x.csv'])).toMatchObject({ exitCode: 2 });
  });
});

describe('two tenants of the same policies', () => {
  const named = (
    ids: string,
    names: string,
    of: (id: string) => readonly SeedAssignment[] = () => [],
  ): object => ({
    tenant: {
      policies: [
        ...['Wi-Fi', 'VPN, "strict"', 'Drucker Köln', 'Nobody'].map((displayName, i) => ({
          ...{ id: `${ids}-${i}`, type: 'deviceConfiguration' as const, displayName },
          assignments: of(`${ids}-${i}`),
        })),
        {
          ...{ id: `${ids}-p`, type: 'deviceCompliancePolicy' as const, displayName: 'Wi-Fi' },
          assignments: of(`${ids}-p`),
        },
      ],
      filters: [{ id: `${ids}-f`, displayName: `${names} devices`, platform: 'windows10AndLater' }],
    },
    groups: ['Sales', 'Pilot', 'Ötzi'].map((name, i) => ({
      id: `${ids}-g${i}`,
      displayName: `${names}-${name}`,
    })),
  });
  const assigned = (id: string): readonly SeedAssignment[] =>
    id.endsWith('-3')
      ? []
      : [
          {
            id: `${id}-1`,
            target: {
              ...groupTarget('here-g0'),
              deviceAndAppManagementAssignmentFilterId: 'here-f',
              deviceAndAppManagementAssignmentFilterType: 'include',
            },
          },
          { id: `${id}-2`, target: exclusion('here-g1') },
          { id: `${id}-3`, target: groupTarget('here-g2') },
        ];

  test('are equal once the one’s export was applied to the other by name and with a renaming', async () => {
    const here = await bench(redis.url, named('here', 'DE', assigned));
    const there = await bench(redis.url, named('there', 'US'));
    const renames = there.file(
      'groups.csv',
      'old,new\nDE-Sales,US-Sales\nDE-Pilot,US-Pilot\nDE-Ötzi,US-Ötzi\nDE devices,US devices\n',
    );
    const exported = join(here.dir, 'present.csv');
    await here.run(['export', '-o', exported]);
    // One cell makes a row an addition.
    const [head, ...lines] = readFileSync(exported, 'utf8').trim().split('\n');
    const added = there.file(
      'added.csv',
      [head, ...lines.map((line) => line.replace(/^,/, 'add,'))].join('\n'),
    );
    const file = await snapshotOf(here);

    expect((await there.run(['diff', file, 'now'])).stderr).toContain('Add --by-name to compare');
    const by = ['--by-name', '--rename', renames];
    const before = await there.run(['diff', file, 'now', ...by]);
    expect(before.exitCode).toBe(1);
    expect(before.stderr).toContain('4 policies with other assignments (12 removed).');
    const plan = await there.run(['plan', added, ...by, '--json']);
    const { guard } = JSON.parse(plan.stdout) as { guard: object };
    const allowed = Object.entries(guard).map(([kind, count]) => `${kind}=${count}`);
    expect(await there.run(['apply', added, ...by, '--yes', '--allow', allowed.join(',')])).toMatchObject({
      exitCode: 0,
    });
    const after = await there.run(['diff', file, 'now', ...by]);
    expect(after).toMatchObject({ exitCode: 0, stdout: '' });
    const unnamed = await there.run(['diff', file, 'now', '--by-name']);
    expect(unnamed.exitCode).toBe(1);
  });

  test('are equal once the one’s snapshot was restored to the other by name', async () => {
    const here = await bench(redis.url, named('here', 'DE', assigned));
    const file = await snapshotOf(here);
    const there = await bench(
      redis.url,
      named('there', 'US', (id) => [
        { id: `${id}-x`, target: groupTarget('there-g0') },
        { id: `${id}-y`, target: groupTarget('elsewhere') },
      ]),
    );
    const renames = there.file(
      'groups.csv',
      'old,new\nDE-Sales,us-sales\nDE-Pilot,US-Pilot\nDE-Ötzi,US-Ötzi\nDE devices,US devices\n',
    );
    const by = ['--by-name', '--rename', renames];
    expect((await there.run(['restore', file, '--yes'])).stderr).toContain('or add --by-name');
    const ran = await restore(there, [file, ...by]);
    expect(ran.exitCode, ran.stderr).toBe(0);
    expect(ran.stderr).toContain('"us-sales" is taken for "US-Sales".');
    expect(await there.run(['diff', file, 'now', ...by])).toMatchObject({ exitCode: 0, stdout: '' });
    expect(await there.run(['restore', file, '--yes', ...by])).toMatchObject({ exitCode: 0 });
    const lists = there.simulator.snapshot().policies.map(({ assignments }) => assignments.length);
    expect(lists).toEqual([3, 3, 3, 0, 3]);
  });

  test('have what can not be found by name as problems, and policies that are not there as gone', async () => {
    const here = await bench(redis.url, named('here', 'DE', assigned));
    const file = await snapshotOf(here);
    const there = await bench(redis.url, {
      tenant: {
        policies: [
          { ...policy('t1'), displayName: 'Wi-Fi' },
          { ...policy('t2'), displayName: 'Drucker Köln' },
          { ...policy('t3'), displayName: 'Drucker Köln' },
        ],
        filters: [{ id: 'f', displayName: 'DE devices', platform: 'iOS' }],
      },
      groups: [{ id: 'g', displayName: 'DE-Sales' }],
    });
    const ran = await there.run(['restore', file, '--by-name', '--yes']);
    expect(ran.exitCode).toBe(2);
    expect(ran.stderr).toContain(
      'The filter "DE devices" is for iOS, and in the snapshot for windows10AndLater.',
    );
    expect(ran.stderr).toContain('There is no group "DE-Pilot".');
    expect(ran.stderr).toContain('2 policies are called "Drucker Köln": t2, ');
    const left = await there.run(['restore', file, '--by-name', '--yes', '--skip-invalid']);
    expect(left.exitCode).toBe(1);
    expect(left.stderr).toContain('3 policies that the tenant does not have: left out');
    expect(there.simulator.stats().writesArrived).toBe(0);
  });

  test('are compared list by list where names stand for several policies', async () => {
    const twice = (first: string, second: string): TenantSeed => ({
      policies: [policy(`${first}-1`, 'g1'), policy(`${second}-2`, 'g2')].map((each) => ({
        ...each,
        displayName: 'Twice',
      })),
    });
    const here = await bench(redis.url, { tenant: twice('a', 'b') });
    const there = await bench(redis.url, { tenant: { policies: twice('c', 'd').policies.toReversed() } });
    const file = await snapshotOf(here);
    expect(await there.run(['diff', file, 'now', '--by-name'])).toMatchObject({ exitCode: 0 });
    const ran = await there.run(['restore', file, '--by-name', '--yes']);
    expect(ran.exitCode).toBe(2);
    expect(ran.stderr).toContain('The snapshot has several policies that are "Twice" here.');
  });
});

function policy(id: string, ...groups: readonly string[]): SeedPolicy {
  const assignments = groups.map((group, i) => ({ id: `${id}-${i}`, target: groupTarget(group) }));
  return { id, type: 'deviceConfiguration', displayName: id, assignments };
}
