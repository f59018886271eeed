import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TenantSeed } from '../../src/simulator/tenantFile.ts';
import { bench, csv, type Bench } from '../support/cli.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';
import { groupTarget } from '../support/simulatorClient.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

const policyType = 'deviceConfiguration';
const tenant: TenantSeed = {
  policies: ['c1', 'c2', 'c3', 'c4'].map((id) => ({
    ...{ id, type: policyType, displayName: `Policy ${id}` },
    assignments: [{ id: `${id}-a`, target: groupTarget('sales') }],
  })),
};
const DIRECTORY = {
  groups: [
    { id: 'sales', displayName: 'GRP-Sales' },
    { id: 'kiosk', displayName: 'GRP-Kiosk' },
  ],
  groupMembers: [
    { id: 'sales', users: 1240, devices: 0 },
    { id: 'kiosk', users: 0, devices: 12 },
  ],
};

const here = (settings: object = {}): Promise<Bench> =>
  bench(redis.url, { tenant, ...DIRECTORY, ...settings });
const swap = (to: string): string =>
  csv(
    ['c1', 'c2', 'c3'].map((policyId) => ({
      ...{ policyType, policyId, assignmentId: `${policyId}-a` },
      ...{ targetType: 'group', groupId: to },
    })),
  );

const requestsOf = ({ simulator }: Bench): number => simulator.stats().requests['GET'] ?? 0;

interface Shown {
  readonly guard: Readonly<Record<string, number>>;
  readonly audiences: readonly object[];
}

async function plan(at: Bench, content: string, ...flags: readonly string[]): Promise<Shown> {
  const ran = await at.run(['plan', at.file('changes.csv', content), '--json', ...flags]);
  return JSON.parse(ran.stdout) as Shown;
}

describe('a plan', () => {
  test('says how many users and devices gain and lose policies, by the names of groups', async () => {
    const at = await here();
    const shown = await plan(at, swap('kiosk'));
    expect(shown.audiences).toEqual([
      { groupId: 'sales', groupName: 'GRP-Sales', users: 1240, devices: 0, gains: 0, loses: 3 },
      { groupId: 'kiosk', groupName: 'GRP-Kiosk', users: 0, devices: 12, gains: 3, loses: 0 },
    ]);
    expect(shown.guard).toMatchObject({ 'group-kind-changed': 3 });
    const { stderr } = await at.run(['plan', at.file('changes.csv', swap('kiosk'))]);
    expect(stderr).toMatch(/^ {2}GRP-Sales \(\w+…?\): up to 1,240 users lose 3 policies$/m);
    expect(stderr).toMatch(/^ {2}GRP-Kiosk \(\w+…?\): up to 12 devices gain 3 policies$/m);
  });

  test('asks for each group once', async () => {
    const at = await here();
    const reads = async (rows: string): Promise<number> => {
      const before = requestsOf(at);
      await plan(at, rows);
      return requestsOf(at) - before;
    };
    const lines = swap('kiosk').trim().split('\n');
    const one = await reads(`${lines.slice(0, 2).join('\n')}\n`);
    expect(await reads(swap('kiosk'))).toBe(one + 2); // the lists of two policies more
  });

  test('stops above --max-audience, until it is allowed by its count', async () => {
    const at = await here();
    expect((await plan(at, swap('kiosk'))).guard).not.toHaveProperty('audience');
    const shown = await plan(at, swap('kiosk'), '--max-audience', '1000');
    expect(shown.guard).toMatchObject({ audience: 3 });
    const file = at.file('changes.csv', swap('kiosk'));
    const { stderr } = await at.run(['plan', file, '--max-audience', '1000']);
    expect(stderr).toMatch(
      /^ +audience=3 +GRP-Sales \(\w+…?\) has 1,240 users: more than 1,000: lines 2, 3, 4$/m,
    );
    const allowed = Object.entries(shown.guard).map(([kind, count]) => `${kind}=${count}`);
    const ran = await at.run(['plan', file, '--max-audience', '1000', '--allow', allowed.join(',')]);
    expect(ran.exitCode).toBe(0);
  });

  test('finds an exclusion of devices where only users are included', async () => {
    const at = await here();
    const rows = csv([
      { policyType, policyId: 'c4', action: 'add', targetType: 'exclusionGroup', groupId: 'kiosk' },
    ]);
    const shown = await plan(at, rows);
    expect(shown.guard).toMatchObject({ 'exclusion-without-effect': 1 });
    expect(shown.audiences).toMatchObject([{ groupName: 'GRP-Kiosk', loses: 1 }]);
  });

  test('says nothing of it where groups may not be read, or where nobody is in them', async () => {
    const denied = await here({ groupReadsRefused: true });
    expect(await plan(denied, swap('kiosk'), '--max-audience', '0')).toMatchObject({
      audiences: [],
      guard: { 'unchecked-groups': 1 },
    });
    const empty = await here({ groupsEmpty: ['kiosk'] });
    const shown = await plan(empty, swap('kiosk'));
    expect(shown.guard).toMatchObject({ 'group-empty': 3 });
    expect(shown.audiences).toMatchObject([{ groupName: 'GRP-Sales' }, { users: 0, devices: 0, gains: 3 }]);
  });
});
