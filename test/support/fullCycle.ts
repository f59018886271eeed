import { join } from 'node:path';
import { expect, vi } from 'vitest';
import { generateTenant } from '../../src/simulator/generateTenant.ts';
import type { SeedPolicy } from '../../src/simulator/tenantFile.ts';
import { site, type Site } from './assignSite.ts';
import { ALLOW_ALL, csv } from './cli.ts';
import { command } from './command.ts';
import { ANY_SIZE } from './plannedTenant.ts';

const ALLOW = [...ALLOW_ALL, ...ANY_SIZE];

interface Size {
  readonly configurations: number;
  readonly compliancePolicies: number;
}

/** For `npm test`. */
export const SMALL: Size = { configurations: 100, compliancePolicies: 20 };
const LARGE: Size = { configurations: 1_650, compliancePolicies: 350 };
/** So slow that a worker can be killed in the middle of the smallest. */
const KILLED_LATENCY_MS = 100;

/**
 * Plan, submit, work, results and rollback on all lists of a tenant, which must be object by object what it was.
 * @param killed in the middle of which the first worker is killed
 * @param rowsFor the rows for one list, the nth of all; each list is written once
 */
export async function fullCycle(
  redisUrl: string | undefined,
  {
    strategy,
    killed,
    size = LARGE,
  }: { strategy: 'patch' | 'assign'; killed: readonly ('run' | 'rollback')[]; size?: Size },
  rowsFor: (list: SeedPolicy, n: number) => Readonly<Record<string, string | undefined>>[],
): Promise<void> {
  const tenant = generateTenant({
    ...{ ...size, assignmentsPerPolicy: 2, seed: 23 },
    ...{ nested: false, unknownTargetShare: 0.1 },
  });
  const here = await site(redisUrl, { tenant, rekey: true, assignReply: 'null' });
  const before = here.held();
  const rows = here.simulator.snapshot().policies.flatMap(rowsFor);
  const plan = join(here.dir, 'plan.ndjson');
  const changes = here.file('changes.csv', csv(rows));
  await here.must(0, 'plan', changes, '--strategy', strategy, '-o', plan, ...ALLOW);
  const runId = (await here.must(0, 'submit', plan, ...ALLOW)).stdout.trim();
  await workOn(here, killed.includes('run'));
  const results = await here.results(runId);
  expect(results.map(({ row, status }) => [row, status])).toEqual(rows.map((_, n) => [n + 2, 'succeeded']));
  const after = here.held();
  for (const [list, held] of Object.entries(before)) expect(after[list]).not.toEqual(held);

  const undone = (await here.must(0, 'rollback', runId, '--yes')).stdout.trim();
  await workOn(here, killed.includes('rollback'));
  expect(await here.status(undone)).toMatchObject({ state: 'completed', failed: 0, stale: 0, skipped: 0 });
  expect(here.held()).toEqual(before);
}

/** The rows for the nth list when whole lists are written: each list gets one of every kind of change. */
export function listRows(
  { id: policyId, type: policyType, assignments: [first, second] }: SeedPolicy,
  n: number,
): Readonly<Record<string, string | undefined>>[] {
  const row = (action: string, assignmentId = '', groupId = '') => ({
    ...{ policyType, policyId, assignmentId, action },
    ...{ targetType: groupId === '' ? '' : 'group', groupId },
  });
  switch (n % 5) {
    case 0:
      return [row('add', '', `new-${n}`), row('remove', second?.id)];
    case 1:
      return [row('clear')];
    default:
      return [row('set', first?.id, `new-${n}`)];
  }
}

/** Nothing is written twice, also by the worker that comes after one that was killed in the middle. */
async function workOn({ simulator, env, dir }: Site, afterAKill: boolean): Promise<void> {
  simulator.reset();
  if (afterAKill) await workUntilKilled({ simulator, env, dir });
  const worker = await command(['worker', '--until-idle'], { env, cwd: dir }).ended;
  expect(worker.exitCode, worker.stderr).toBe(0);
  expect(simulator.stats().writtenAgain).toEqual([]);
}

/** @param share of the policies, after which it is killed */
export async function workUntilKilled(
  { simulator, env, dir }: Pick<Site, 'simulator' | 'env' | 'dir'>,
  share = 1 / 4,
): Promise<void> {
  const lists = simulator.snapshot().policies.length;
  const written = (): number => simulator.stats().writesDone;
  simulator.reconfigure({ latencyMs: KILLED_LATENCY_MS });
  const worker = command(['worker'], { env: { ...env, RETARGET_CONCURRENCY: '1' }, cwd: dir });
  await vi.waitFor(() => expect(written()).toBeGreaterThan(lists * share), { timeout: 60_000, interval: 5 });
  worker.kill('SIGKILL');
  await worker.ended;
  simulator.reconfigure({ latencyMs: 0 });
  expect(written()).toBeLessThan(lists);
}
