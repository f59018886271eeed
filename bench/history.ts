/**
 * How long `retarget history` takes over a record of many runs, by a policy's name, a group's, and a policy's id. Asserts nothing.
 *
 *     npm run bench:history -- [--runs 100] [--rows 10000]
 */
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import { currentAssignmentOf } from '../src/assignments/changes/current.ts';
import { beforeJson, beforeOf } from '../src/assignments/changes/decision.ts';
import { encodeDetail, encodeImage } from '../src/runs/batchCodec.ts';
import { byteOfState } from '../src/runs/rowState.ts';
import { DEFAULT_OPTIONS, encodeHeader } from '../src/runs/run.ts';
import { RunStore } from '../src/runs/runStore.ts';
import { BATCH_ROWS_MAX, Staging } from '../src/runs/staging.ts';
import { startRedisServer } from '../test/support/redisServer.ts';
import { RETARGET, whileAlive } from './rig.ts';

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '100' }, rows: { type: 'string', default: '10000' } },
});
const [RUNS, ROWS] = [Number(values.runs), Number(values.rows)];
const TENANT = '11111111-2222-4333-8444-555555555555';
const ROOT = 'https://graph.example';

/** Says at its end how long it was at work: a machine that others use as well has its own time. */
const TELLS_CPU = `data:text/javascript,process.on('exit',()=>{const{user,system}=process.cpuUsage();process.stderr.write('CPU '+(user+system))})`;

const guid = (block: number, n: number): string =>
  `${String(block).padStart(8, '0')}-${n.toString(16).padStart(4, '0')}-4000-8000-${(n * 7_919).toString(16).padStart(12, '0')}`;

await whileAlive(async () => {
  const server = await startRedisServer({ tcp: true });
  const url = server.url ?? '';
  const redis = new Redis(url);
  try {
    for (let n = 0; n < RUNS; n += 1) await makeRun(redis, n);
    for (const asked of ['Policy number 4711', '*number 471*', 'GRP-Target-7', guid(1, 4_711)])
      measure(asked, url);
  } finally {
    await redis.quit();
    await server.stop();
  }
});

/** A run as one that has ended leaves it. */
async function makeRun(redis: Redis, n: number): Promise<void> {
  const store = new RunStore(redis, TENANT);
  const runId = `20261101-0000${String(n).padStart(2, '0')}-aaaa`;
  const now = await store.now();
  const staging = await Staging.begin(
    store,
    {
      ...{ runId, tenant: TENANT, graphUrl: ROOT, apiVersion: 'beta', appId: 'app', operator: 'bench' },
      ...{ arguments: [], fileName: `${n}.csv`, blind: false, keepDays: 30, options: DEFAULT_OPTIONS },
    },
    now,
  );
  for (let row = 0; row < ROWS; row += 1)
    await staging.add({
      input: {
        line: row + 2,
        cells: new Map([
          ['policyType', 'deviceConfiguration'],
          ['policyId', guid(1, row)],
          ['assignmentId', `${guid(1, row)}_${guid(2, row % 50)}`],
          ['targetType', 'group'],
          ['groupId', guid(3, (row + n) % 50)],
        ]),
      },
      policy: guid(1, row),
      family: 'deviceConfiguration',
    });
  await staging.flush();
  const batches = Math.ceil(ROWS / BATCH_ROWS_MAX);
  for (let batch = 0; batch < batches; batch += 1)
    await staging.keepNames(
      batch,
      Array.from({ length: BATCH_ROWS_MAX }, (_, i) => ({
        ...{ policy: `Policy number ${batch * BATCH_ROWS_MAX + i}`, platform: 'iOS' },
      })),
      [],
    );
  await staging.call(
    Object.fromEntries(Array.from({ length: 50 }, (_, i) => [guid(3, i), `GRP-Target-${i}`])),
  );
  await staging.publish({
    ...{
      sha256: 'a'.repeat(64),
      columns: ['policyType', 'policyId', 'assignmentId', 'targetType', 'groupId'],
    },
    ...{ leftOut: 0, again: true, planFingerprint: 'b'.repeat(64), approved: null },
  });
  const keys = store.keys.run(runId);
  const written = redis.pipeline();
  for (let batch = 0; batch < batches; batch += 1) {
    const places = Array.from({ length: BATCH_ROWS_MAX }, (_, i) => i);
    const images = places.map((i) => encodeImage(i, imageOf(batch * BATCH_ROWS_MAX + i, n)));
    const details = places.map((i) =>
      encodeDetail(i, { at: now, httpStatus: 200, requestId: guid(5, i), clientRequestId: guid(6, i) }),
    );
    written
      .hset(
        keys.states,
        String(batch),
        Buffer.from(places.map(() => byteOfState({ state: 'succeeded', attempts: 1 }))),
      )
      .hset(keys.before, String(batch), Buffer.concat(images))
      .hset(keys.details, String(batch), Buffer.concat(details));
  }
  written.hset(keys.header, encodeHeader({ state: 'completed', left: 0, succeeded: ROWS, finishedAt: now }));
  written.zrem(store.keys.open, runId);
  await written.exec();
}

function imageOf(row: number, n: number) {
  const target = {
    '@odata.type': '#microsoft.graph.groupAssignmentTarget',
    groupId: guid(3, (row + n - 1 + 50) % 50),
    deviceAndAppManagementAssignmentFilterId: null,
    deviceAndAppManagementAssignmentFilterType: 'none',
  };
  const image = beforeJson(
    beforeOf(
      currentAssignmentOf({
        '@odata.type': '#microsoft.graph.deviceConfigurationAssignment',
        ...{ id: `${guid(1, row)}_${guid(2, row % 50)}`, intent: 'apply', source: 'direct', target },
      }),
    ),
  );
  return image ?? null;
}

function measure(asked: string, url: string): void {
  const begun = performance.now();
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', TELLS_CPU, RETARGET, 'history', asked, '--offline', '--json'],
    {
      env: { ...process.env, REDIS_URL: url, AZURE_TENANT_ID: TENANT, RETARGET_GRAPH_URL: ROOT },
      maxBuffer: 1e9,
    },
  );
  const { entries } = JSON.parse(stdout.toString()) as { entries: readonly unknown[] };
  const seconds = (ms: number): string => (ms / 1000).toFixed(1);
  const cpuMs = Number(/CPU (\d+)$/.exec(stderr.toString())?.[1]) / 1000;
  process.stderr.write(
    `${asked}: ${entries.length} changes in ${RUNS} runs of ${ROWS} rows, ${seconds(performance.now() - begun)} s, ${seconds(cpuMs)} s of CPU\n`,
  );
}
