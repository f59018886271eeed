import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { KINDS, kindsIn } from '../../src/assignments/kinds/registry.ts';
import { generateTenant } from '../../src/simulator/generateTenant.ts';
import type { TenantSeed } from '../../src/simulator/tenantFile.ts';
import { ALLOW_ALL, bench, type Bench } from '../support/cli.ts';
import { guid } from '../support/guid.ts';
import { gateway, type GatewayAnswer, type GatewayRequest } from '../support/gateway.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';
import { groupTarget, SMALL_TENANT } from '../support/simulatorClient.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

const small = (tenant: TenantSeed = SMALL_TENANT): Promise<Bench> => bench(redis.url, { tenant });

const planOf = async (here: Bench, path: string): Promise<Record<string, unknown>> => {
  const ran = await here.run(['plan', path, '--json']);
  expect(ran).toMatchObject({ exitCode: 0 });
  return JSON.parse(ran.stdout);
};

/** What was said besides that a busy machine was waited for. */
const told = (stderr: string): string => stderr.replaceAll(/^Graph has not answered.*\n/gm, '');

describe('export', () => {
  test('writes CSV to stdout, a row for each assignment that a row can change', async () => {
    const here = await small();
    const ran = await here.run(['export']);
    expect(ran.exitCode).toBe(0);
    expect(ran.stdout.split('\n')).toEqual([
      'action,policyType,policyId,assignmentId,targetType,groupId,filterId,filterType,intent,fromTargetType,fromGroupId,fromFilterId,policyName,groupName,filterName,fromGroupName,fromFilterName,platform',
      ',deviceConfiguration,c1,a1,group,g1,,none,apply,group,g1,,Wi-Fi,Group g1,,Group g1,,windows10AndLater',
      ',deviceConfiguration,c1,a2,group,g2,f1,include,apply,group,g2,f1,Wi-Fi,Group g2,Filter f1,Group g2,Filter f1,windows10AndLater',
      ',deviceConfiguration,c2,a3,group,g3,,none,apply,group,g3,,c2,Group g3,,Group g3,,windows10AndLater',
      ',deviceCompliancePolicy,p1,a5,group,g5,,none,,group,g5,,p1,Group g5,,Group g5,,windows10AndLater',
      '',
    ]);
    expect(told(ran.stderr)).toBe(
      'Left out: 1 assignment of policy sets, which only the policy set can change.\n',
    );
    expect(here.simulator.stats().writesArrived).toBe(0);
  });

  test.each(['csv', 'json', 'ndjson'])(
    'gives a .%s file that plan finds already so, row by row',
    async (format) => {
      const tenant = generateTenant({
        ...{ configurations: 60, compliancePolicies: 40, assignmentsPerPolicy: 5, seed: 7, nested: true },
      });
      const here = await bench(redis.url, { tenant, pageSize: 7 });
      const file = join(here.dir, `present.${format}`);
      const ran = await here.run(['export', '-o', file]);
      expect(ran).toMatchObject({ exitCode: 0, stdout: '' });
      expect(told(ran.stderr)).toBe(`Wrote 500 assignments of 100 policies to ${file}.\n`);
      expect(statSync(file).mode & 0o777).toBe(0o600);
      expect(await planOf(here, file)).toMatchObject({ rows: 500, alreadySo: 500, writes: 0, refused: 0 });
    },
  );

  test('names groups and filters, which --where takes as well, and leaves them blank where they may not be read', async () => {
    const here = await bench(redis.url, {
      tenant: SMALL_TENANT,
      groups: [{ id: 'g1', displayName: 'Pilot, EMEA' }],
    });
    const named = await here.run(['export', '--format', 'json', '--where', 'groupName=pilot*']);
    expect(JSON.parse(named.stdout)).toMatchObject([{ assignmentId: 'a1', groupName: 'Pilot, EMEA' }]);
    const filtered = await here.run(['export', '--format', 'json', '--where', 'filterName!=']);
    expect(JSON.parse(filtered.stdout)).toMatchObject([{ assignmentId: 'a2', filterName: 'Filter f1' }]);
    const blank = await bench(redis.url, {
      tenant: SMALL_TENANT,
      groupReadsRefused: true,
      filterReadsRefused: true,
    });
    const ran = await blank.run(['export', '-o', join(blank.dir, 'present.csv')]);
    expect(ran).toMatchObject({ exitCode: 0 });
    expect(readFileSync(join(blank.dir, 'present.csv'), 'utf8')).not.toMatch(/groupName|filterName/i);
    expect(ran.stderr).toContain(
      '4 of 4 groups have no name in it: they are gone, or may not be read (GroupMember.Read.All).',
    );
  });

  describe('of a tenant in which nobody is assigned to some policies', () => {
    const lonely: TenantSeed = {
      policies: [
        ...SMALL_TENANT.policies,
        { id: 'c3', type: 'deviceConfiguration', displayName: 'Lonely', assignments: [] },
        { id: 'app', type: 'mobileApp', displayName: 'Nobody needs it', assignments: [] },
        { id: 'e1', type: 'managedEBook', displayName: 'Unread', assignments: [] },
      ],
    };

    test.each(['csv', 'json', 'ndjson'])(
      'has a row of each in a .%s file, which plan passes over',
      async (format) => {
        const here = await small(lonely);
        const file = join(here.dir, `present.${format}`);
        const ran = await here.run(['export', '-o', file]);
        expect(ran.stderr).toContain('Wrote 4 assignments of 3 policies, and 3 policies without any, to');
        expect(await planOf(here, file)).toMatchObject({ rows: 4, alreadySo: 4, writes: 0, refused: 0 });
        const { stderr } = await here.run(['plan', file]);
        expect(stderr).toContain('Passed over: 3 rows with the action none, which asks for nothing.');
        const only = await here.run(['export', '--format', 'json', '--where', 'action=none']);
        expect(JSON.parse(only.stdout)).toMatchObject([
          { action: 'none', policyId: 'c3', policyName: 'Lonely', platform: 'windows10AndLater' },
          { action: 'none', policyId: 'app', policyType: 'mobileApp' },
          { action: 'none', policyId: 'e1', policyType: 'managedEBook' },
        ]);
        expect((await here.run(['export', '--where', 'action!=none'])).stdout).not.toContain('Lonely');
      },
    );

    test('says nothing of them, whoever is assigned since', async () => {
      const here = await small(lonely);
      const file = join(here.dir, 'present.csv');
      await here.run(['export', '-o', file]);
      const assignment = { id: 'new', target: groupTarget(guid('g1')) };
      here.simulator.edit([{ do: 'add', type: 'deviceConfiguration', policyId: 'c3', assignment }]);
      expect(await planOf(here, file)).toMatchObject({ rows: 4, alreadySo: 4, writes: 0 });
    });

    test('assigns one by a cell for the action and one for the group', async () => {
      const here = await small(lonely);
      const file = here.file(
        'changes.csv',
        `action,policyType,policyId,policyName,platform,groupId\nadd,deviceConfiguration,c3,Lonely,windows10AndLater,${guid('g1')}\n`
          .replace('groupId\n', 'groupId,targetType\n')
          .replace(/\n$/, ',group\n'),
      );
      expect(await planOf(here, file)).toMatchObject({ rows: 1, writes: 1 });
    });

    test('tells what was half done: a group beside none, neither action nor target, and a file that asks for nothing', async () => {
      const here = await small(lonely);
      const header = 'action,policyType,policyId,policyName,groupName\n';
      const row = (action: string, group: string): string =>
        `${action},deviceConfiguration,c3,Lonely,${group}\n`;
      const plan = (name: string, ...rows: string[]) =>
        here.run(['plan', here.file(name, header + rows.join(''))]);
      const beside = await plan('beside.csv', row('none', 'Group g1'), row('None', ''));
      expect(beside.exitCode).toBe(2);
      expect(beside.stderr).toContain(
        ':2:1 action: The action none asks for nothing, and this row says more.',
      );
      expect((await plan('blank.csv', row('', ''))).stderr).toContain('targetType is missing');
      const nothing = await plan('nothing.csv', row('none', ''), row(' NONE ', ''));
      expect(nothing).toMatchObject({ exitCode: 2, stdout: '' });
      expect(nothing.stderr).toContain('nothing.csv asks for nothing');
      expect(here.simulator.stats().writesArrived).toBe(0);
    });
  });

  test.each(['remove', 'add'])('gives rows that %s by their action alone', async (action) => {
    const here = await small();
    const file = join(here.dir, 'present.json');
    await here.run(['export', '-o', file]);
    const rows = (JSON.parse(readFileSync(file, 'utf8')) as object[]).map((row) => ({ ...row, action }));
    const plan = await here.run([
      'plan',
      here.file('edited.json', JSON.stringify(rows)),
      '--json',
      ...ALLOW_ALL,
    ]);
    expect(JSON.parse(plan.stdout)).toMatchObject(
      action === 'add'
        ? { rows: 4, alreadySo: 4, writes: 0 }
        : { rows: 4, alreadySo: 0, writes: 4, refused: 0 },
    );
  });

  test('reads thousands of policies in a few dozen requests', async () => {
    const tenant = generateTenant({
      ...{ configurations: 1500, compliancePolicies: 1500, assignmentsPerPolicy: 2, seed: 7, nested: false },
    });
    const here = await bench(redis.url, { tenant, pageSize: 100 });
    const ran = await here.run(['export', '--format', 'ndjson']);
    expect(ran.exitCode).toBe(0);
    expect(ran.stdout.trimEnd().split('\n')).toHaveLength(6_000);
    // The pages of both kinds side by side, some lists of each kind by themselves, to hold the pages against, and the names of some
    // 6,000 groups, 15 a read and 20 reads an envelope, the first by itself; and a look at each of the other kinds.
    const others = kindsIn('beta').length - 2;
    expect(here.simulator.stats().envelopes).toBeLessThanOrEqual(15 + 2 + 1 + 20 + others);
  });

  test('leaves out what no row can say, and keeps hostile names and those that no file can hold apart', async () => {
    const names = ['=cmd|" /C calc"!A0', "'=quoted", 'a "b", c\nd', ' – ü ', 'bell \u0007', 'half \ud800'];
    const here = await small({
      policies: [
        ...names.map((displayName, i) => ({
          ...{ id: `n${i}`, type: 'deviceConfiguration' as const, displayName },
          assignments: [{ id: `a${i}`, target: groupTarget(`g${i}`) }],
        })),
        {
          id: 'odd',
          type: 'deviceCompliancePolicy',
          odataType: '#microsoft.graph.iosCompliancePolicy',
          assignments: [
            { id: 'o1', target: { '@odata.type': '#microsoft.graph.newKindAssignmentTarget', x: 1 } },
            { id: 'o2', target: { '@odata.type': '#microsoft.graph.allDevicesAssignmentTarget' } },
          ],
        },
      ],
    });
    const file = join(here.dir, 'present.csv');
    const ran = await here.run(['export', '-o', file]);
    expect(ran.exitCode).toBe(0);
    expect(ran.stderr).toContain('Left out: 1 assignment that no row can say');
    expect(await planOf(here, file)).toMatchObject({ rows: 7, alreadySo: 7 });
    const rows = JSON.parse((await here.run(['export', '--format', 'json'])).stdout);
    expect(rows.map(({ policyName }: { policyName: string }) => policyName)).toEqual([
      ...names.slice(0, 4),
      '',
      '',
      'odd',
    ]);
    expect(rows.at(-1)).toMatchObject({ platform: 'iOS', targetType: 'allDevices', filterType: 'none' });
  });

  test('selects by type and by cells', async () => {
    const here = await small();
    const idsOf = async (...flags: string[]): Promise<string[]> => {
      const ran = await here.run(['export', '--format', 'json', ...flags]);
      expect(ran.exitCode).toBe(0);
      return JSON.parse(ran.stdout).map(({ assignmentId }: { assignmentId: string }) => assignmentId);
    };
    expect(await idsOf('--type', 'DeviceCompliancePolicy')).toEqual(['a5']);
    expect(await idsOf('--type', 'device compliance policies')).toEqual(['a5']);
    expect(await idsOf('--where', 'policyName=wi*', '--where', 'filterType=include')).toEqual(['a2']);
    expect(await idsOf('--where', 'policyName=nobody')).toEqual([]);
    expect((await here.run(['export', '--where', 'policyName=nobody'])).stderr).toContain(
      'Nothing fits --where',
    );
    // What is left out is counted among the rows that are meant only.
    expect(told((await here.run(['export', '--where', 'policyId=c1'])).stderr)).toBe('');
  });

  test.each([
    [['--type', 'deviceConfigration'], 'Did you mean deviceConfiguration?'],
    [['--where', 'policyNam=x'], 'Did you mean policyName?'],
    [['--format', 'jsn'], 'Did you mean json?'],
    [['-o', 'present.xlsx'], 'names no format'],
  ])('with %j ends with 2 before anything is read', async (flags, said) => {
    const here = await small();
    const ran = await here.run(['export', ...flags]);
    expect(ran).toMatchObject({ exitCode: 2, stdout: '' });
    expect(ran.stderr).toContain(said);
    expect(here.simulator.stats().envelopes).toBe(0);
  });

  test('under v1.0 leaves the filters blank, and is already so there', async () => {
    const here = await small();
    const file = join(here.dir, 'present.csv');
    expect((await here.run(['export', '-o', file, '--api-version', 'v1.0'])).exitCode).toBe(0);
    expect(readFileSync(file, 'utf8').split('\n')[0]).toBe(
      'action,policyType,policyId,assignmentId,targetType,groupId,fromTargetType,fromGroupId,policyName,groupName,fromGroupName,platform',
    );
    const ran = await here.run(['plan', file, '--json', '--api-version', 'v1.0']);
    expect(JSON.parse(ran.stdout)).toMatchObject({ rows: 5, alreadySo: 5 });
  });

  test('whose token is refused ends with 4, says so, and leaves no file', async () => {
    const here = await bench(redis.url, { tenant: SMALL_TENANT, tokens: ['another'] });
    const file = join(here.dir, 'present.csv');
    const ran = await here.run(['export', '-o', file]);
    expect(ran).toMatchObject({ exitCode: 4, stdout: '' });
    expect(ran.stderr).toContain('Graph refused the sign-in: Access token');
    expect(ran.stderr).toMatch(/Get a new token.*nothing was queued or written/);
    expect(() => statSync(file)).toThrow('ENOENT');
  });

  /** Reads of these collections are forbidden; all others are as the tenant answers them. */
  async function forbidding(
    here: Bench,
    ...collections: readonly string[]
  ): Promise<Readonly<Record<string, string>>> {
    const isRefused = ({ url }: GatewayRequest): boolean => collections.some((name) => url.includes(name));
    const error = { code: 'Forbidden', message: 'Not for this app.' };
    const gate = await gateway(here.simulator, async (requests, pass): Promise<GatewayAnswer> => {
      const answer = await pass();
      const { responses } = JSON.parse(String(answer.body)) as { responses: { id: string }[] };
      const refused = new Set(requests.filter(isRefused).map(({ id }) => id));
      const replies = responses.map((reply) =>
        refused.has(reply.id) ? { id: reply.id, status: 403, body: { error } } : reply,
      );
      return { ...answer, body: JSON.stringify({ responses: replies }) };
    });
    return { RETARGET_GRAPH_URL: gate.url };
  }

  test('of which one kind is forbidden writes the others, names that one, and ends with 1', async () => {
    const here = await small();
    const ran = await here.run(['export'], { env: await forbidding(here, 'deviceCompliancePolicies') });
    expect(ran.exitCode).toBe(1);
    expect(
      ran.stdout
        .trimEnd()
        .split('\n')
        .slice(1)
        .map((line) => line.split(',')[3]),
    ).toEqual(['a1', 'a2', 'a3']);
    expect(ran.stderr).toContain('Not exported: Graph at');
    expect(ran.stderr).toContain(
      'does not show every deviceCompliancePolicy with its assignments: Forbidden',
    );
    expect(ran.stderr).toContain('retarget doctor');
  });

  test.each([
    [KINDS.map(({ collection }) => collection), []],
    [['deviceCompliancePolicies'], ['--type', 'deviceCompliancePolicy']],
  ])(
    'of which all that is asked for is forbidden (%j) ends with 4 and leaves no file',
    async (collections, flags) => {
      const here = await small();
      const file = join(here.dir, 'present.csv');
      const ran = await here.run(['export', '-o', file, ...flags], {
        env: await forbidding(here, ...collections),
      });
      expect(ran).toMatchObject({ exitCode: 4, stdout: '' });
      // Kinds that are refused alike are told together.
      expect(ran.stderr).toMatch(/does not show every [^:]*\bdeviceCompliancePolicy\b/);
      expect(() => statSync(file)).toThrow('ENOENT');
    },
  );
});
