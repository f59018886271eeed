import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { COMPARED_LISTS } from '../../src/graph/reads/policyLists.ts';
import type { SimulatorOptions } from '../../src/simulator/simulator.ts';
import { named, withGuids } from '../support/guid.ts';
import { ANY_SIZE, editsOfAnotherHand, plannedTenant, type PlannedTenant } from '../support/plannedTenant.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';
import { groupTarget } from '../support/simulatorClient.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

const POLICIES = 4 * COMPARED_LISTS;
const HOUR_MS = 3_600_000;
const DIFFERS = 'Graph shows other assignments of configurations in one page';
/** Policies that are neither at the beginning nor at the end of the file: lists of equal length are compared at both. */
const IN_BETWEEN = [12, 15, 20, 23].map((n) => `c${n}`);

const tenantOf = (options: SimulatorOptions = {}): Promise<PlannedTenant> =>
  plannedTenant(redis.url, POLICIES, options);

/** The rows of the file's plan, and how many requests it took. */
async function planOf(here: PlannedTenant) {
  const path = join(here.dir, 'plan.ndjson');
  const ran = await here.run(['plan', here.changes, ...ANY_SIZE, '-o', path]);
  expect(ran.exitCode, ran.stderr).toBe(0);
  const [, ...rows] = readFileSync(path, 'utf8').trimEnd().split('\n').slice(0, -1);
  return { path, rows, stderr: ran.stderr, gets: requestsOf(here) };
}

const requestsOf = ({ simulator }: PlannedTenant): number => simulator.stats().requests['GET'] ?? 0;
const allWritten = (here: PlannedTenant): string[] => Array.from({ length: here.rows }, (_, n) => `new-${n}`);
/** Groups that are listed in one request. */
const GROUPS_PER_READ = 15;
/** Of the ten groups that are shown six give way, in the order of the rows, and are counted for that alone. */
const COUNTED_TO_SHOW = 6;
/**
 * Requests for groups: those that rows bring in, with their names, and whether a user and a device are in each; the names of those that give way;
 * and whether changes need an approval.
 */
const checkReads = ({ rows }: PlannedTenant, more: { in?: number } = {}): number => {
  const brought = rows + (more.in ?? 0);
  const lists = Math.ceil(brought / GROUPS_PER_READ) + Math.ceil(rows / GROUPS_PER_READ);
  return lists + 2 * (brought + COUNTED_TO_SHOW) + 1;
};

describe('a plan of many policies', () => {
  test('reads the pages of their kind, and few lists by themselves', async () => {
    const here = await tenantOf();
    const { rows, stderr, gets } = await planOf(here);
    expect(rows).toHaveLength(here.rows);
    expect(stderr).not.toContain(DIFFERS);
    // A page of each kind beside the lists that are compared.
    expect(gets - checkReads(here)).toBe(COMPARED_LISTS + 1);
  });

  test.each<readonly [string, SimulatorOptions, boolean]>([
    ['are cut behind a link', { expandedEntriesMax: 1 }, false],
    ['are empty for some policies', { expandedEmpty: IN_BETWEEN }, true],
    ['are empty for all', { expandedEmpty: Array.from({ length: POLICIES }, (_, n) => `c${n}`) }, true],
  ])('is the same where lists in pages %s', async (_, fault, isTold) => {
    const [well, here] = [await tenantOf(), await tenantOf(fault)];
    const [expected, found] = [await planOf(well), await planOf(here)];
    expect(found.rows).toEqual(expected.rows);
    expect(found.stderr.includes(DIFFERS)).toBe(isTold);
    const applied = await here.run(['apply', found.path, '--yes']);
    expect(applied.exitCode, applied.stderr).toBe(0);
    expect(here.groups()).toEqual(allWritten(here));
  });

  test('reads no list of another policy where the pages have none whole', async () => {
    const [well, here] = [await tenantOf(), await tenantOf({ expandedEntriesMax: 1 })];
    const requests = [well, here].map(async (each) => {
      const rowsOfOne = readFileSync(each.changes, 'utf8').split('\n').slice(0, 3);
      return (await planOf({ ...each, changes: each.file('few.csv', `${rowsOfOne.join('\n')}\n`) })).gets;
    });
    const [expected, found] = await Promise.all(requests);
    expect(found).toBe(expected);
  });

  test('finds in which policy an assignment is, also where the pages have no list whole', async () => {
    const here = await tenantOf({ expandedEntriesMax: 1 });
    const [header = '', , second = ''] = readFileSync(here.changes, 'utf8').split('\n');
    const misplaced = second.replace(',c0,', ',c20,').replace(/,[^,]*-a1,/, ',c5-a1,');
    const ran = await here.run([
      'plan',
      here.file('misplaced.csv', `${header}\n${misplaced}\n`),
      ...ANY_SIZE,
    ]);
    expect(ran.exitCode, ran.stderr).toBe(2);
    expect(ran.stderr).toContain('found it in policy c5');
  });

  test('finds what a page lacks in the list itself, before a row fails for it', async () => {
    const here = await tenantOf({ expandLagMs: HOUR_MS });
    here.simulator.edit([
      {
        ...{ do: 'add', type: 'deviceConfiguration', policyId: 'c20' },
        assignment: { id: 'added', target: groupTarget('old') },
      },
    ]);
    const added = 'deviceConfiguration,c20,added,group,00000000-0000-4000-8000-00000000abcd';
    const changes = here.file('more.csv', `${readFileSync(here.changes, 'utf8').trimEnd()}\n${added}\n`);
    const { rows, stderr, gets } = await planOf({ ...here, changes });
    expect(rows.map((row) => (JSON.parse(row) as { decision: string }).decision)).toEqual(
      Array.from({ length: here.rows + 1 }, () => 'write'),
    );
    expect(stderr).not.toContain(DIFFERS);
    expect(gets - checkReads(here, { in: 1 })).toBe(COMPARED_LISTS + 1 + 1);
  });

  test('from pages that lag behind another hand ends those rows as stale, and writes none of them', async () => {
    const here = await tenantOf({ expandLagMs: HOUR_MS });
    here.simulator.edit(
      editsOfAnotherHand(1).flatMap((edit) =>
        IN_BETWEEN.map((policyId) => ({
          ...{ ...edit, policyId, assignmentId: `${policyId}-a0`, do: 'change' as const },
          target: groupTarget('elsewhere'),
        })),
      ),
    );
    const applied = await here.run(['apply', here.changes, '--yes', ...ANY_SIZE]);
    expect(applied.exitCode, applied.stderr).toBe(1);
    expect(await here.status()).toMatchObject({
      ...{ state: 'completed', stale: IN_BETWEEN.length, succeeded: here.rows - IN_BETWEEN.length },
    });
    const moved = new Set(IN_BETWEEN.map((id) => 2 * Number(id.slice(1))));
    expect(here.groups().map(String).map(named)).toEqual(
      allWritten(here).map((group, n) => (moved.has(n) ? 'elsewhere' : group)),
    );
  });

  test('sees in the lists that are compared that pages lag behind, and reads each by itself', async () => {
    const here = await tenantOf({ expandLagMs: HOUR_MS });
    here.changeByAnotherHand(1);
    const { stderr, rows, gets } = await planOf(here);
    expect(stderr).toContain(DIFFERS);
    expect(named(rows[0] ?? '')).toContain('elsewhere');
    expect(gets - checkReads(here)).toBe(POLICIES + 1);
  });
});

describe('a rollback of many policies', () => {
  const applied = async (options: SimulatorOptions = {}): Promise<PlannedTenant> => {
    const here = await tenantOf(options);
    const ran = await here.run(['apply', here.changes, '--yes', ...ANY_SIZE]);
    expect(ran.exitCode, ran.stderr).toBe(0);
    return here;
  };
  const before = (here: PlannedTenant): string[] =>
    Array.from({ length: here.rows }, (_, n) => `old-${Math.floor(n / 2)}-${n % 2}`);

  test('reads the pages of their kind, and its plan reads nothing again', async () => {
    const here = await applied();
    const readBefore = requestsOf(here);
    const ran = await here.run(['rollback', '@last', '--dry-run']);
    expect(ran.exitCode, ran.stderr).toBe(0);
    expect(requestsOf(here) - readBefore - checkReads(here)).toBe(COMPARED_LISTS + 1);
  });

  test.each<readonly [string, SimulatorOptions]>([
    ['are cut behind a link', { expandedEntriesMax: 1 }],
    ['are empty for some policies', { expandedEmpty: IN_BETWEEN }],
    // So its own writes are not seen in them.
    ['lag behind', { expandLagMs: HOUR_MS }],
  ])('puts all back where lists in pages %s', async (_, fault) => {
    const here = await applied(fault);
    const ran = await here.run(['rollback', '@last', '--yes', '--work']);
    expect(ran.exitCode, ran.stderr).toBe(0);
    expect(here.groups()).toEqual(before(here));
  });

  test('leaves no row out because a page still shows what another hand has undone', async () => {
    const here = await applied();
    const moveTo = (group: string): void => {
      const at = { type: 'deviceConfiguration', policyId: 'c20', assignmentId: 'c20-a0' } as const;
      here.simulator.edit(withGuids([{ do: 'change', ...at, target: groupTarget(group) }]));
    };
    moveTo('elsewhere');
    here.simulator.reconfigure({ expandLagMs: HOUR_MS });
    moveTo('new-40');
    const ran = await here.run(['rollback', '@last', '--yes', '--work']);
    expect(ran.exitCode, ran.stderr).toBe(0);
    expect(ran.stderr).not.toContain(DIFFERS);
    expect(here.groups()).toEqual(before(here));
  });
});

test.each<readonly [string, SimulatorOptions]>([
  ['are cut behind a link', { expandedEntriesMax: 1 }],
  ['are empty for all', { expandedEmpty: Array.from({ length: POLICIES }, (_, n) => `c${n}`) }],
])('an export is whole where lists in pages %s', async (_, fault) => {
  const here = await tenantOf(fault);
  const ran = await here.run(['export', '--format', 'ndjson']);
  expect(ran.exitCode, ran.stderr).toBe(0);
  expect(ran.stdout.trimEnd().split('\n')).toHaveLength(here.rows);
});

test('an apply reads what its plan reads, and nothing again before it writes', async () => {
  const requests = async (command: string, ...flags: readonly string[]): Promise<number> => {
    const window = { RETARGET_WINDOW_MS: '20000' };
    const here = await plannedTenant(redis.url, 4, {}, window);
    const ran = await here.run([command, here.changes, ...flags, ...ANY_SIZE]);
    expect(ran.exitCode, ran.stderr).toBe(0);
    if (command === 'apply') expect(here.groups()).toEqual(allWritten(here));
    return requestsOf(here);
  };
  expect(await requests('apply', '--yes')).toBe(await requests('plan'));
});
