import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { generateTenant } from '../../src/simulator/generateTenant.ts';
import type { AssignmentEntry } from '../../src/simulator/tenant.ts';
import { guid } from '../support/guid.ts';
import { ALLOW_ALL, bench, csv, type Bench } from '../support/cli.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';
import { sized } from '../support/thoroughness.ts';

/** Target types, forms, filters and intents go round in them with periods of 7, 2, 4, 3 and 5: 420 have each with each. */
const ROWS = sized(640, 2_000);
/** Rows of them from the end of the tenant, where the compliance policies are. */
const LAST = sized(200, 400);
const FILTER_ID = 'deviceAndAppManagementAssignmentFilterId';
const FILTER_TYPE = 'deviceAndAppManagementAssignmentFilterType';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

/** A row of the file, and what its assignment has to hold afterwards. */
interface Desired {
  readonly path: string;
  readonly row: Record<string, string>;
  readonly target: Record<string, unknown>;
  readonly intent: string | undefined;
}

const TYPES = [
  'group',
  'exclusionGroup',
  'allDevices',
  'allLicensedUsers',
  'configurationManagerCollection',
  'scopeTagGroup',
  'organizationalUnit',
] as const;

/** Every form comes with every target type, by columns and by URL, with a filter set, removed and kept. */
function desiredFor(
  { path, set, policyId, via, assignment }: AssignmentEntry,
  n: number,
  type: (typeof TYPES)[number],
): Desired {
  const isConfiguration = set === 'deviceConfigurations';
  const own = ownProperties(type, n);
  const filter =
    type === 'exclusionGroup' ? 'keep' : (['include', 'none', 'keep', 'exclude'] as const)[n % 4];
  const intent = isConfiguration && n % 3 === 0 ? 'remove' : undefined;
  const address =
    n % 2 === 0
      ? { policyType: '', policyId: '', via: '', assignmentId: '', url: path }
      : {
          policyType: isConfiguration ? 'deviceConfiguration' : 'deviceCompliancePolicy',
          policyId,
          via,
          assignmentId: assignment.id,
          url: '',
        };
  const keptId = type === 'exclusionGroup' ? null : assignment.target[FILTER_ID];
  const keptType = type === 'exclusionGroup' ? 'none' : assignment.target[FILTER_TYPE];
  const isSet = filter === 'include' || filter === 'exclude';
  return {
    path,
    row: {
      ...address,
      targetType: n % 5 === 0 ? `#microsoft.graph.${type}AssignmentTarget` : type,
      groupId: '',
      collectionId: '',
      scopeTagTargetType: '',
      entraObjectId: '',
      organizationalUnitId: '',
      assignmentOverride: '',
      versionNumber: '',
      ...own.cells,
      filterId: isSet ? guid(`filter-${n}`) : '',
      filterType: filter === 'keep' ? '' : (filter ?? ''),
      intent: intent ?? '',
      note: `row ${n}, "quoted"`,
    },
    target: {
      '@odata.type': `#microsoft.graph.${type}AssignmentTarget`,
      [FILTER_ID]: isSet ? guid(`filter-${n}`) : filter === 'keep' ? keptId : null,
      [FILTER_TYPE]: isSet ? filter : filter === 'keep' ? keptType : 'none',
      ...own.properties,
    },
    intent: intent ?? assignment.intent,
  };
}

function ownProperties(
  type: (typeof TYPES)[number],
  n: number,
): { cells: Record<string, string>; properties: Record<string, unknown> } {
  switch (type) {
    case 'group':
    case 'exclusionGroup':
      return { cells: { groupId: guid(`group-${n}`) }, properties: { groupId: guid(`group-${n}`) } };
    case 'allDevices':
    case 'allLicensedUsers':
      return { cells: {}, properties: {} };
    case 'configurationManagerCollection':
      return { cells: { collectionId: `SMS${n}` }, properties: { collectionId: `SMS${n}` } };
    case 'scopeTagGroup': {
      const kind = ['none', 'user', 'device'][n % 3] ?? 'none';
      return {
        cells: { scopeTagTargetType: kind, entraObjectId: guid(`entra-${n}`) },
        properties: { targetType: kind, entraObjectId: guid(`entra-${n}`) },
      };
    }
    case 'organizationalUnit':
      return {
        cells: { organizationalUnitId: `ou-${n}`, assignmentOverride: 'denied', versionNumber: `${n}` },
        properties: {
          organizationalUnitId: `ou-${n}`,
          assignmentConflictSetting: {
            '@odata.type': '#microsoft.graph.organizationalUnitAssignmentConflictSetting',
            assignmentOverride: 'denied',
            versionNumber: n,
          },
        },
      };
  }
}

const tenant = generateTenant({
  configurations: sized(27, 90),
  compliancePolicies: sized(18, 60),
  assignmentsPerPolicy: 13,
  seed: 7,
  nested: true,
});

function desiresOf({ simulator }: Bench): Desired[] {
  // A list has all devices and all users once each.
  const everybody = new Set<string>();
  const desires = [...simulator.tenant.every()].map((entry, n) => {
    const type = TYPES[n % TYPES.length] ?? 'group';
    const seat = `${entry.path.slice(0, entry.path.lastIndexOf('/'))} ${type}`;
    const isTaken = type.startsWith('all') && everybody.has(seat);
    everybody.add(seat);
    return desiredFor(entry, n, isTaken ? 'group' : type);
  });
  const [configurations, rest] = [desires.slice(0, ROWS - LAST), desires.slice(-LAST)];
  return [...configurations, ...rest];
}

const rowsOf = (text: string): string[] => text.trimEnd().split('\n');

describe('rows over all forms and targets', () => {
  test('end with every assignment holding exactly what its row asked for', async () => {
    const here = await bench(redis.url, { tenant, pageSize: 5 });
    const desires = desiresOf(here);
    expect(desires).toHaveLength(ROWS);
    const vias = new Set(desires.map(({ path }) => path.split('/').slice(4, -2).length));
    expect(vias).toEqual(new Set([0, 1, 2, 3]));
    const file = here.file('changes.csv', csv(desires.map(({ row }) => row)));

    const applied = await here.run(['apply', file, '--yes', '--json', ...ALLOW_ALL]);

    expect(applied).toMatchObject({ exitCode: 0 });
    for (const { path, target, intent } of desires) {
      const held = here.simulator.tenant.at(path);
      expect({ path, target: held?.target, intent: held?.intent }).toEqual({ path, target, intent });
    }
    const stats = here.simulator.stats();
    expect(stats.writtenAgain).toEqual([]);
    expect(stats.clientRequestIdsRepeated).toBe(0);

    const status = JSON.parse(applied.stdout);
    expect(status).toMatchObject({
      state: 'completed',
      total: ROWS,
      pending: 0,
      failed: 0,
      operator: 'ada@desk',
    });
    expect(status.succeeded + status.skipped).toBe(ROWS);
    expect(status.succeeded).toBe(stats.writesDone);
    expect(JSON.parse((await here.run(['status', status.runId, '--json'])).stdout)).toMatchObject({
      ...status,
      limiter: { limit: 100_000 },
    });

    const results = rowsOf((await here.run(['results', '@last'])).stdout);
    expect(results).toHaveLength(ROWS + 1);
    const notes = results.slice(1).map((line) => /"(row \d+)/.exec(line)?.[1]);
    expect(notes).toEqual(desires.map(({ row }) => /row \d+/.exec(row['note'] ?? '')?.[0]));
  });

  test('fail by row with what Graph said, can be fed back, and cost no write the second time', async () => {
    const here = await bench(redis.url, { tenant });
    const desires = desiresOf(here);
    const withId = desires.filter(({ row }) => row['assignmentId'] !== '');
    // Such as no other row of their policies waits for.
    const places = sized([10, 100, 150, 200, 178], [10, 200, 400, 600, 800]);
    const [one, two, three, four, five] = places.map((n) => withId[n]);
    const forbidden = [one, two, three].map((desired) => desired?.row['assignmentId'] ?? '');
    here.simulator.reconfigure({ forbidden });
    for (const desired of [four, five]) if (desired) desired.row['assignmentId'] += '-gone';
    const file = here.file('changes.csv', csv(desires.map(({ row }) => row)));

    const first = await here.run(['apply', file, '--yes', '--json', ...ALLOW_ALL]);
    expect(first.exitCode).toBe(1);
    const { runId, succeeded, skipped, failed, total } = JSON.parse(first.stdout);
    expect({ failed, total, done: succeeded + skipped }).toEqual({ failed: 5, total: ROWS, done: ROWS - 5 });
    expect(first.stderr).toContain(`retarget results ${runId} --only failed`);

    const failedRows = JSON.parse(
      (await here.run(['results', runId, '--only', 'failed', '--format', 'json'])).stdout,
    );
    const expected = [one, two, three, four, five]
      .map((desired, n) => ({
        row: desires.findIndex(({ path }) => path === desired?.path) + 2,
        assignmentId: desired?.row['assignmentId'],
        status: 'failed',
        httpStatus: n < 3 ? 403 : null,
        errorCode: n < 3 ? 'Forbidden' : 'AssignmentGone',
      }))
      .sort((a, b) => a.row - b.row);
    expect(failedRows).toMatchObject(expected);
    for (const { errorMessage, errorCode, attempts } of failedRows) {
      expect(errorMessage).not.toBe('');
      expect(attempts).toBe(errorCode === 'AssignmentGone' ? 0 : 1);
    }

    here.simulator.reset();
    const again = await here.run([
      ...['apply', file, '--yes', '--json', '--max-failures', 'off', ...ALLOW_ALL],
    ]);
    expect(again.exitCode).toBe(1);
    expect(JSON.parse(again.stdout)).toMatchObject({ skipped: ROWS - 5, succeeded: 0, failed: 5 });
    expect(here.simulator.stats().writesDone).toBe(0);
    // What the second run sends is what Graph refused before: what is gone is not tried.
    expect(here.simulator.stats().writesArrived).toBe(3);

    const left = join(here.dir, 'failed.csv');
    await here.run(['results', runId, '--only', 'failed', '-o', left]);
    expect(rowsOf(readFileSync(left, 'utf8'))).toHaveLength(6);
    here.simulator.reconfigure({ forbidden: [] });
    const fedBack = await here.run(['apply', left, '--yes', '--json', ...ALLOW_ALL]);
    expect(fedBack.exitCode).toBe(1);
    expect(JSON.parse(fedBack.stdout)).toMatchObject({ total: 5, succeeded: 3, failed: 2 });
    for (const desired of [one, two, three])
      expect(here.simulator.tenant.at(desired?.path ?? '')?.target).toEqual(desired?.target);
  });
});
