import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ALLOW_ALL, bench, csv, type Bench } from '../support/cli.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';
import { groupTarget } from '../support/simulatorClient.ts';
import { withGuids } from '../support/guid.ts';
import type { SimulatorOptions } from '../../src/simulator/simulator.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ tcp: true });
});
afterAll(() => redis.stop());

const NAMES = ['Wi-Fi Berlin', 'Wi-Fi Lyon', 'VPN'];

/** Three policies, each assigned to the group `old`, which files move. */
async function threePolicies(more: SimulatorOptions = {}): Promise<Bench & { move: typeof move }> {
  const here = await bench(redis.url, {
    tenant: {
      policies: NAMES.map((displayName, n) => ({
        ...{ id: `c${n}`, type: 'deviceConfiguration', displayName },
        assignments: [{ id: `c${n}-a`, target: groupTarget('old') }],
      })),
    },
    groups: [
      { id: 'old', displayName: 'GRP-Old' },
      { id: 'new', displayName: 'GRP-New' },
      { id: 'other', displayName: 'GRP-Other' },
    ],
    ...more,
  });
  /** Answers the id of the run. */
  async function move(groupId: string, policies: readonly number[], reason: string): Promise<string> {
    const rows = policies.map((n) => ({
      ...{ policyType: 'deviceConfiguration', policyId: `c${n}`, assignmentId: `c${n}-a` },
      ...{ targetType: 'group', groupId },
    }));
    const file = here.file(`${reason}.csv`, csv(rows));
    const ran = await here.run(['apply', file, '--yes', ...ALLOW_ALL, '--reason', reason]);
    expect(ran, ran.stderr).toMatchObject({ exitCode: 0 });
    return lastRun(here);
  }
  return { ...here, move };
}
declare const move: (groupId: string, policies: readonly number[], reason: string) => Promise<string>;

const lastRun = async (here: Bench): Promise<string> =>
  (JSON.parse((await here.run(['status', '@last', '--json'])).stdout) as { runId: string }).runId;

interface Told {
  readonly entries: readonly Readonly<Record<string, unknown>>[];
  readonly now: readonly { readonly policyId: string; readonly assignments: readonly unknown[] }[];
  readonly others: string;
  readonly putBack: readonly { readonly run: string; readonly command: string }[];
}
async function historyOf(here: Bench, ...argv: readonly string[]): Promise<Told> {
  const ran = await here.run(['history', ...argv, '--json']);
  expect(ran, ran.stderr).toMatchObject({ exitCode: 0 });
  return JSON.parse(ran.stdout) as Told;
}
const shown = ({ entries }: Told): unknown[] =>
  entries.map(({ run, reason, policyName, before, after, result }) => [
    ...[run ?? 'other', reason, policyName],
    `${String(before)} → ${String(after)}`.replaceAll(/ \([^)]*\)/g, ''),
    result,
  ]);

describe('a policy through all runs', () => {
  test('is told by its name: when, why, from what to what, in the order of time', async () => {
    const here = await threePolicies();
    const first = await here.move('new', [0, 1, 2], 'CHG-1');
    const second = await here.move('other', [0], 'CHG-2');
    const told = await historyOf(here, 'wi-fi berlin');
    expect(shown(told)).toEqual([
      [first, 'CHG-1', 'Wi-Fi Berlin', 'group GRP-Old → group GRP-New', 'succeeded'],
      [second, 'CHG-2', 'Wi-Fi Berlin', 'group GRP-New → group GRP-Other', 'succeeded'],
    ]);
    expect(told.putBack).toEqual([
      { run: second, policies: 1, command: `retarget rollback ${second} --where row=2 --work` },
    ]);
    expect(told.now).toMatchObject([{ policyId: 'c0', assignments: [{ target: {} }] }]);
  });

  test('what was taken back says by which run, and the line that was named takes it back', async () => {
    const here = await threePolicies();
    const first = await here.move('new', [0, 1], 'CHG-1');
    const { putBack } = await historyOf(here, 'Wi-Fi Lyon');
    await here.run([...(putBack[0]?.command.split(' ').slice(1) ?? []), '--yes']);
    const second = await lastRun(here);
    const told = await historyOf(here, 'Wi-Fi Lyon');
    expect(told.entries.map(({ run, rolledBackBy }) => [run, rolledBackBy])).toEqual([
      [first, second],
      [second, null],
    ]);
    expect(shown(await historyOf(here, 'Wi-Fi Berlin'))).toHaveLength(1);
  });

  test('a group is told by what came to it and what went from it', async () => {
    const here = await threePolicies();
    await here.move('new', [0, 2], 'CHG-1');
    await here.move('other', [2], 'CHG-2');
    const told = await historyOf(here, 'GRP-New');
    expect(told.entries.map(({ policyName, reason }) => `${String(policyName)} ${String(reason)}`)).toEqual([
      'Wi-Fi Berlin CHG-1',
      'VPN CHG-1',
      'VPN CHG-2',
    ]);
  });

  test('a pattern and an id find the same', async () => {
    const here = await threePolicies();
    await here.move('new', [0, 1, 2], 'CHG-1');
    expect(shown(await historyOf(here, 'Wi-Fi*'))).toHaveLength(2);
    expect(shown(await historyOf(here, 'c2'))).toHaveLength(1);
    expect(shown(await historyOf(here))).toHaveLength(3);
    expect((await historyOf(here, 'Wi-Fi*')).putBack).toMatchObject([
      { policies: 2, command: expect.stringContaining("--where 'policyName=Wi-Fi*' --work") },
    ]);
  });

  test('a policy whose name no plan has read is found by its id in that run', async () => {
    const here = await threePolicies();
    const rows = [0, 1].map((n) => ({
      ...{ policyType: 'deviceConfiguration', policyId: `c${n}`, assignmentId: `c${n}-a` },
      ...{ targetType: 'group', groupId: 'other' },
    }));
    await here.run(['submit', here.file('x.csv', csv(rows)), '--no-plan']);
    await here.run(['worker', '--until-idle']);
    await here.move('new', [0], 'CHG-2');
    expect(shown(await historyOf(here, 'Wi-Fi Berlin'))).toHaveLength(2);
  });

  test('times choose', async () => {
    const here = await threePolicies();
    await here.move('new', [0], 'CHG-1');
    expect(shown(await historyOf(here, 'Wi-Fi*', '--since', '1h'))).toHaveLength(1);
    expect(shown(await historyOf(here, 'Wi-Fi*', '--until', '1h'))).toHaveLength(0);
    const wrong = await here.run(['history', '--since', 'yesterday']);
    expect(wrong).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('12h or 7d') });
  });
});

describe('what others did', () => {
  const byHand = (here: Bench): void =>
    here.simulator.edit(
      withGuids([
        {
          ...{ do: 'change', type: 'deviceConfiguration', policyId: 'c0', assignmentId: 'c0-a' },
          target: groupTarget('other'),
        },
      ]),
    );

  test('stands between the runs, and our own writes are not told twice', async () => {
    const here = await threePolicies();
    const first = await here.move('new', [0, 1], 'CHG-1');
    byHand(here);
    const second = await here.move('old', [0], 'CHG-2');
    const told = await historyOf(here, 'Wi-Fi Berlin');
    expect(told.entries.map(({ run, who }) => run ?? who)).toEqual([
      first,
      'someone@contoso.example',
      second,
    ]);
    expect(told.entries[1]).toMatchObject({
      activity: 'Patch DeviceConfigurationAssignment',
      after: expect.stringMatching(/GroupId GRP-New .* → GRP-Other/),
    });
  });

  test('is not shown where it may not be read, and one line says what is missing', async () => {
    const here = await threePolicies({ auditRefused: true });
    await here.move('new', [0], 'CHG-1');
    byHand(here);
    const missing = 'What others did is not shown: the audit log needs DeviceManagementApps.Read.All.';
    for (const isTerminal of [true, false]) {
      const ran = await here.run(['history', 'Wi-Fi*'], { isTerminal });
      expect(ran).toMatchObject({ exitCode: 0, stderr: expect.stringContaining(missing) });
    }
    const { others, entries } = await historyOf(here, 'Wi-Fi*');
    expect([others, entries.length]).toEqual(['forbidden', 1]);
  });

  test('is not asked for with --offline, nor is what is there now', async () => {
    const here = await threePolicies();
    await here.move('new', [0], 'CHG-1');
    byHand(here);
    const before = here.simulator.stats().requests;
    const told = await historyOf(here, 'Wi-Fi*', '--offline');
    expect([told.entries.length, told.now]).toEqual([1, []]);
    expect(here.simulator.stats().requests).toEqual(before);
  });

  test('a Graph that is out of reach is no failure', async () => {
    const here = await threePolicies();
    await here.move('new', [0], 'CHG-1');
    const ran = await here.run(['history', 'Wi-Fi*', '--json'], {
      env: { ...here.env, RETARGET_ACCESS_TOKEN: '', AZURE_TENANT_ID: here.env['AZURE_TENANT_ID'] },
    });
    expect(ran.exitCode).toBe(0);
    const { entries, others } = JSON.parse(ran.stdout) as Told;
    expect([others, entries.length]).toEqual(['unread', 1]);
  });
});

test('a file has all of it', async () => {
  const here = await threePolicies();
  await here.move('new', [0, 1], 'CHG-1');
  await here.run(['history', 'Wi-Fi*', '-o', 'history.csv']);
  const lines = readFileSync(join(here.dir, 'history.csv'), 'utf8').trimEnd().split('\n');
  expect(lines).toHaveLength(3);
  expect(lines[0]).toMatch(/^time,run,who,reason,/);
});

test('what no run has touched says how to ask', async () => {
  const here = await threePolicies();
  await here.move('new', [0], 'CHG-1');
  const told = await historyOf(here, 'Nonsense');
  expect(told.entries).toEqual([]);
});
