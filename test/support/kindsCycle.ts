import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { kindNamed } from '../../src/assignments/kinds/registry.ts';
import { generateTenant } from '../../src/simulator/generateTenant.ts';
import type { SeedAssignment } from '../../src/simulator/assignmentSeed.ts';
import type { SimulatorOptions } from '../../src/simulator/simulator.ts';
import type { EditInput } from '../../src/simulator/editSchema.ts';
import type { SeedPolicy, TenantSeed } from '../../src/simulator/tenantFile.ts';
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

export interface KindsSize {
  readonly perKind: number;
  readonly assignmentsPerPolicy: number;
  /** The shorter it is, the sooner a reply that a busy machine delays is given up: what is lost may be written again. */
  readonly windowMs?: number;
}

const siteOf = (
  redisUrl: string | undefined,
  options: SimulatorOptions,
  { windowMs = 1_000 }: KindsSize,
): Promise<Site> =>
  // A tenant without them refuses the plan's question for them.
  site(redisUrl, { deployments: [], ...options }, { RETARGET_WINDOW_MS: `${windowMs}` });

/** A tenant of all kinds, in which some assignments have a property that nobody knows. */
export function tenantOfKinds({ perKind, assignmentsPerPolicy }: KindsSize): TenantSeed {
  const { policies, ...more } = generateTenant({
    ...{ configurations: perKind, compliancePolicies: perKind, kinds: perKind },
    ...{ assignmentsPerPolicy, seed: 31, nested: false },
  });
  const isOdd = (n: number): boolean => n % 5 === 0;
  return {
    ...more,
    policies: policies.map((policy, n) => ({
      ...policy,
      assignments: policy.assignments.map((each, place) =>
        isOdd(n + place)
          ? { ...each, own: { ...each.own, later: { weight: n, labels: ['a', null] } } }
          : each,
      ),
    })),
  };
}

/**
 * Exports all kinds, sends every row of those that are written back with a new group, and takes it back: in between the tenant holds just what was wanted,
 * and after it what it held before, value for value.
 * @param kills how many workers are killed in the middle of the run, and of the rollback
 */
export async function movesEverything(
  redisUrl: string | undefined,
  size: KindsSize & { readonly kills?: number },
): Promise<void> {
  const { kills = 0 } = size;
  const here = await siteOf(redisUrl, { tenant: tenantOfKinds(size), pageSize: 40 }, size);
  const before = here.simulator.snapshot();
  expectVariety(before);
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
    const { collectionId: _collection, groupName: _name, ...rest } = row;
    return { ...rest, action: 'set', targetType, groupId };
  });
  const wanted = eachAssignment(before, (each, { id }) => {
    const group = groupOf.get(`${id} ${each.id}`);
    return group === undefined ? each : moved(each, group);
  });

  const plan = join(here.dir, 'plan.ndjson');
  await here.must(0, 'plan', here.file('changes.json', JSON.stringify(changes)), '-o', plan, ...ALLOW);
  const runId = (await here.must(0, 'submit', plan, ...ALLOW)).stdout.trim();
  await workOn(here, kills);
  const results = await here.results(runId);
  const statusOf = (place: number): string =>
    isWritten(changes[place]?.['policyType'] ?? '') ? 'succeeded' : 'skipped';
  expect(results.map(({ status }) => status)).toEqual(changes.map((_, place) => statusOf(place)));
  expect(heldIn(here.simulator.snapshot())).toEqual(heldIn(wanted));

  const undone = (await here.must(0, 'rollback', runId, '--yes')).stdout.trim();
  await workOn(here, kills);
  expect((await here.results(undone)).filter(({ status }) => status !== 'succeeded')).toEqual([]);
  expect(await here.status(undone)).toMatchObject({ state: 'completed', failed: 0, stale: 0, skipped: 0 });
  expect(heldIn(here.simulator.snapshot())).toEqual(heldIn(before));
}

/** One rule changes a group to another wherever it is assigned, and nothing besides. */
export async function swapsEverywhere(redisUrl: string | undefined, size: KindsSize): Promise<void> {
  const tenant = eachAssignment(tenantOfKinds(size), (each, { assignments }) =>
    each === assignments.at(-1) ? withGroup(each, guid('old')) : each,
  );
  const here = await siteOf(redisUrl, { tenant }, size);
  const before = here.simulator.snapshot();
  const wanted = eachAssignment(before, (each, { type }) =>
    isWritten(type) && each.target['groupId'] === guid('old') ? withGroup(each, guid('new')) : each,
  );
  const file = join(here.dir, 'swap.csv');
  const rule = await here.must(
    ...([0, 'generate', 'swap', '--from', guid('old'), '--to', guid('new'), '-o', file] as const),
  );
  expect(rule.stderr).toContain('of kinds that are only read here');
  here.simulator.reset();
  await here.must(0, 'apply', file, '--yes', ...ALLOW);
  expectCleanLog(here);
  expect(heldIn(here.simulator.snapshot())).toEqual(heldIn(wanted));
  expect(heldIn(wanted)).not.toEqual(heldIn(before));
}

/** What another hand has done to every policy is undone from a snapshot. */
export async function restoresEverything(redisUrl: string | undefined, size: KindsSize): Promise<void> {
  const here = await siteOf(redisUrl, { tenant: tenantOfKinds(size) }, size);
  const before = here.simulator.snapshot();
  const file = join(here.dir, 'friday.json');
  await here.must(0, 'snapshot', '-o', file);
  here.simulator.edit(before.policies.filter(({ type }) => isWritten(type)).flatMap(harmTo));
  const changed = heldIn(here.simulator.snapshot());
  const untouched = Object.entries(heldIn(before)).filter(([policy, held]) => isEqual(changed[policy], held));
  expect(
    untouched.filter(([policy, held]) => held.length > 0 && isWritten(policy.split(' ')[0] ?? '')),
  ).toEqual([]);
  here.simulator.reset();
  const shown = await here.run(['restore', file, '--dry-run', '--json', ...ANY_SIZE]);
  const { guard } = JSON.parse(shown.stdout) as { guard: object };
  const allowed = Object.entries(guard).map(([finding, count]) => `${finding}=${count}`);
  await here.must(0, 'restore', file, '--yes', ...ANY_SIZE, '--allow', allowed.join(','));
  expectCleanLog(here);
  expect(heldIn(here.simulator.snapshot())).toEqual(heldIn(before));
}

const isEqual = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** One thing after the other that somebody may do to a policy. */
function harmTo({ id: policyId, type, assignments }: SeedPolicy, n: number): EditInput[] {
  const [first, ...others] = assignments;
  if (first === undefined) return [];
  const at = { type, policyId };
  const target = { '@odata.type': '#microsoft.graph.groupAssignmentTarget', groupId: guid(`theirs-${n}`) };
  const { [`${FILTER}`]: filter, ...bare } = first.target;
  const drop = ({ id }: SeedAssignment): EditInput => ({ do: 'remove', ...at, assignmentId: id });
  const add = (assignment: SeedAssignment): EditInput => ({ do: 'add', ...at, assignment });
  switch (n % 4) {
    case 0:
      return assignments.map(drop);
    case 1:
      return [drop(first), add({ ...first, id: `theirs-${n}`, target })];
    case 2:
      return [...others.map(drop), add({ ...first, id: `theirs-${n}`, target })];
    default: {
      const { deviceAndAppManagementAssignmentFilterType: _type, ...audience } = bare;
      const settings = { runRemediationScript: false, settings: null };
      const changes = Object.entries(settings).filter(
        ([name, value]) => (first.own?.[name] ?? value) !== value,
      );
      if (typeof filter !== 'string' && changes.length === 0) return assignments.map(drop);
      const own = { ...first.own, ...Object.fromEntries(changes) };
      return [drop(first), add({ ...first, id: `theirs-${n}`, target: audience, own })];
    }
  }
}

const eachAssignment = (
  tenant: TenantSeed,
  change: (each: SeedAssignment, policy: SeedPolicy) => SeedAssignment,
): TenantSeed => ({
  ...tenant,
  policies: tenant.policies.map((policy) => ({
    ...policy,
    assignments: policy.assignments.map((each) => change(each, policy)),
  })),
});

const withGroup = (assignment: SeedAssignment, groupId: string): SeedAssignment =>
  typeof assignment.target['groupId'] === 'string'
    ? { ...assignment, target: { ...assignment.target, groupId } }
    : assignment;

/** What makes a tenant hard to move: without it the rest would prove little. */
function expectVariety({ policies, filters = [] }: TenantSeed): void {
  const kinds = new Set(policies.filter(({ type }) => isWritten(type)).map(({ type }) => type));
  expect(kinds.size).toBeGreaterThanOrEqual(18);
  const all = policies.flatMap(({ assignments }) => assignments);
  const used = new Set(all.map(({ target }) => target[FILTER]));
  const platforms = new Set(filters.filter(({ id }) => used.has(id)).map(({ platform }) => platform));
  expect(platforms.size).toBeGreaterThanOrEqual(7);
  expect(all.some(({ own }) => typeof own?.['settings'] === 'object' && own['settings'] !== null)).toBe(true);
  expect(all.some(({ own }) => typeof own?.['runSchedule'] === 'object')).toBe(true);
  const intents = policies.map(({ assignments }) =>
    Object.groupBy(assignments, ({ target }) => String(target['groupId'])),
  );
  const isPair = (list: readonly SeedAssignment[] | undefined): boolean => list?.length === 2;
  expect(intents.some((groups) => Object.values(groups).some(isPair))).toBe(true);
}

/** @param kills how many workers are killed one after the other before one may end its work */
async function workOn(here: Site, kills: number): Promise<void> {
  const { simulator, env, dir } = here;
  simulator.reset();
  for (let kill = 1; kill <= kills; kill += 1)
    await workUntilKilled({ simulator, env, dir }, kill / (kills + 1.5));
  const worker = await command(['worker', '--until-idle'], { env, cwd: dir }).ended;
  expect([0, 1], worker.stderr).toContain(worker.exitCode);
  expectCleanLog(here);
}

/** Nothing was refused, and nothing written twice. */
function expectCleanLog({ simulator }: Site): void {
  const { writtenAgain, replies } = simulator.stats();
  expect(writtenAgain).toEqual([]);
  expect(Object.keys(replies).filter((status) => Number(status) >= 400)).toEqual([]);
}
