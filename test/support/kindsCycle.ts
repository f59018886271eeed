import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { kindNamed } from '../../src/assignments/kinds/registry.ts';
import { generateTenant } from '../../src/simulator/generateTenant.ts';
import type { SeedAssignment } from '../../src/simulator/assignmentSeed.ts';
import type { TenantSeed } from '../../src/simulator/tenantFile.ts';
import { site, type Site } from './assignSite.ts';
import { ALLOW_ALL } from './cli.ts';
import { guid } from './guid.ts';
import { ANY_SIZE } from './plannedTenant.ts';
import { workUntilKilled } from './fullCycle.ts';
import { command } from './command.ts';

const ALLOW = [...ALLOW_ALL, ...ANY_SIZE];

type Row = Record<string, string>;

/** What a list holds, apart from ids, times, and the spellings of "no filter", in no order. */
export type Held = Readonly<Record<string, readonly string[]>>;

const FILTER = 'deviceAndAppManagementAssignmentFilterId';

export function heldIn(tenant: TenantSeed): Held {
  return Object.fromEntries(
    tenant.policies.map(({ type, id, assignments }) => [
      `${type} ${id}`,
      assignments.map((each) => JSON.stringify(sorted(plain(each)))).toSorted(),
    ]),
  );
}

function plain({ id: _id, target, own = {}, ...more }: SeedAssignment): unknown {
  const { lastModifiedDateTime: _when, ...rest } = own;
  const { [`${FILTER}`]: filter, deviceAndAppManagementAssignmentFilterType: type, ...audience } = target;
  const isFiltered = typeof filter === 'string';
  return { ...more, target: isFiltered ? { ...audience, filter, type } : audience, own: rest };
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(members.map(([name, inner]) => [name, sorted(inner)]));
}

/** Every assignment goes to a group of its own; what excludes goes on to exclude, and the rest is left as it is. */
const moved = (assignment: SeedAssignment, group: string): SeedAssignment => {
  const isExclusion = assignment.target['@odata.type'].includes('exclusion');
  const { [`${FILTER}`]: filter, deviceAndAppManagementAssignmentFilterType: type } = assignment.target;
  return {
    ...assignment,
    target: {
      '@odata.type': `#microsoft.graph.${isExclusion ? 'exclusionGroup' : 'group'}AssignmentTarget`,
      groupId: group,
      ...(typeof filter === 'string' && {
        [FILTER]: filter,
        deviceAndAppManagementAssignmentFilterType: type,
      }),
    },
  };
};

export const isWritten = (type: string): boolean => kindNamed(type)?.write.how !== 'refused';

/**
 * Exports a tenant of all kinds, sends every row of the kinds that are written back with a new group, and takes it back: in between the
 * tenant holds just what was wanted, and after it what it held before, value for value.
 */
export async function kindsCycle(
  redisUrl: string | undefined,
  {
    perKind,
    assignmentsPerPolicy,
    isKilled = false,
  }: { readonly perKind: number; readonly assignmentsPerPolicy: number; readonly isKilled?: boolean },
): Promise<void> {
  const tenant = generateTenant({
    ...{ configurations: perKind, compliancePolicies: perKind, kinds: perKind },
    ...{ assignmentsPerPolicy, seed: 31, nested: false },
  });
  const here = await site(redisUrl, { tenant, pageSize: 40 });
  const before = here.simulator.snapshot();
  const exported = join(here.dir, 'export.json');
  await here.must(0, 'export', '-o', exported);
  const rows = (JSON.parse(readFileSync(exported, 'utf8')) as Row[]).filter(
    ({ action }) => action !== 'none',
  );
  expect(rows.length).toBe(before.policies.flatMap(({ assignments }) => assignments).length);

  const groupOf = new Map<string, string>();
  const changes = rows.map((row): Row => {
    if (!isWritten(row['policyType'] ?? '')) return row;
    const groupId = guid(`new-${groupOf.size}`);
    groupOf.set(`${row['policyId']} ${row['assignmentId']}`, groupId);
    const targetType = row['targetType'] === 'exclusionGroup' ? 'exclusionGroup' : 'group';
    const { collectionId: _collection, ...rest } = row;
    return { ...rest, targetType, groupId };
  });
  const wanted: TenantSeed = {
    ...before,
    policies: before.policies.map((policy) => ({
      ...policy,
      assignments: policy.assignments.map((each) => {
        const group = groupOf.get(`${policy.id} ${each.id}`);
        return group === undefined ? each : moved(each, group);
      }),
    })),
  };

  const plan = join(here.dir, 'plan.ndjson');
  await here.must(0, 'plan', here.file('changes.json', JSON.stringify(changes)), '-o', plan, ...ALLOW);
  const runId = (await here.must(0, 'submit', plan, ...ALLOW)).stdout.trim();
  await workOn(here, isKilled);
  const results = await here.results(runId);
  const statusOf = (place: number): string =>
    isWritten(changes[place]?.['policyType'] ?? '') ? 'succeeded' : 'skipped';
  expect(results.map(({ status }) => status)).toEqual(changes.map((_, place) => statusOf(place)));
  expect(heldIn(here.simulator.snapshot())).toEqual(heldIn(wanted));

  const undone = (await here.must(0, 'rollback', runId, '--yes')).stdout.trim();
  await workOn(here, isKilled);
  expect((await here.results(undone)).filter(({ status }) => status !== 'succeeded')).toEqual([]);
  expect(await here.status(undone)).toMatchObject({ state: 'completed', failed: 0, stale: 0, skipped: 0 });
  expect(heldIn(here.simulator.snapshot())).toEqual(heldIn(before));
}

/** Nothing is refused and nothing is written twice. */
async function workOn({ simulator, env, dir }: Site, isKilled: boolean): Promise<void> {
  simulator.reset();
  if (isKilled) await workUntilKilled({ simulator, env, dir });
  const worker = await command(['worker', '--until-idle'], { env, cwd: dir }).ended;
  expect([0, 1], worker.stderr).toContain(worker.exitCode);
  const { writtenAgain, replies } = simulator.stats();
  expect(writtenAgain).toEqual([]);
  expect(Object.keys(replies).filter((status) => Number(status) >= 400)).toEqual([]);
}
