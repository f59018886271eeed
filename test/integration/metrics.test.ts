import fastify from 'fastify';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { redisReadiness } from '../../src/app/metrics/readiness.ts';
import type { Services } from '../../src/app/services.ts';
import { openAccess } from '../../src/web/access/openAccess.ts';
import { openWeb } from '../../src/web/server.ts';
import { machineRoutes } from '../../src/web/metrics/machineRoutes.ts';
import { serverMetrics } from '../../src/web/metrics/serverMetrics.ts';
import { generateTenant } from '../../src/simulator/generateTenant.ts';
import { ALLOW_ALL, bench, csv, type Bench } from '../support/cli.ts';
import { guid } from '../support/guid.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';
import { servicesOf } from '../support/servicesOf.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

const TENANT = generateTenant({
  ...{ configurations: 30, compliancePolicies: 0, assignmentsPerPolicy: 1, seed: 3, nested: false },
  ...{ policySetShare: 0, unknownTargetShare: 0, unknownPropertyShare: 0 },
});
const CHANGES = csv(
  TENANT.policies.map(({ type: policyType, id: policyId, assignments }, n) => ({
    ...{ policyType, policyId, assignmentId: assignments[0]?.id ?? '' },
    ...{ targetType: 'group', groupId: guid(`new-${n}`), filterType: 'none' },
  })),
);

async function submitted(here: Bench): Promise<string> {
  const ran = await here.run(['submit', here.file('changes.csv', CHANGES), ...ALLOW_ALL]);
  expect(ran, ran.stderr).toMatchObject({ exitCode: 0 });
  return ran.stdout.trim();
}

/** The routes for machines of a server for these services. */
function server(services: Services, more: { tokenFile?: string; isOpen?: boolean } = {}) {
  const app = fastify();
  onTestFinished(() => app.close());
  machineRoutes(app, {
    ...{ metrics: serverMetrics(services), readiness: () => redisReadiness(services) },
    ...{ tokenFile: more.tokenFile, isOpen: more.isOpen ?? false },
  });
  return {
    get: (url: string, headers: Record<string, string> = {}) =>
      app.inject({ url, headers: { host: 'localhost', ...headers } }),
  };
}

/** The values of a scrape by their series. */
const seriesOf = (text: string): ReadonlyMap<string, number> =>
  new Map(
    text
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
  );

describe('a server', () => {
  test('tells the rows of runs that have not ended, and drops them when they have', async () => {
    const here = await bench(redis.url, { tenant: TENANT });
    const runId = await submitted(here);
    const services = await servicesOf(here);
    const { get } = server(services);
    const before = seriesOf((await get('/metrics')).body);
    expect(before.get(`retarget_rows{run="${runId}",state="pending"}`)).toBe(30);
    expect(before.get(`retarget_rows{run="${runId}",state="succeeded"}`)).toBe(0);
    expect(before.get('retarget_runs{state="queued"}')).toBe(1);
    expect(before.get('retarget_runs_without_worker')).toBe(1);
    expect(before.get('retarget_redis_up')).toBe(1);
    expect(await here.run(['worker', '--until-idle'])).toMatchObject({ exitCode: 0 });
    await vi.waitFor(async () => {
      const after = seriesOf((await get('/metrics')).body);
      expect([...after.keys()].filter((name) => name.startsWith('retarget_rows'))).toEqual([]);
      expect(after.get('retarget_runs{state="queued"}')).toBe(0);
      expect(after.get('retarget_oldest_waiting_seconds{tenant="' + services.identity.tenant + '"}')).toBe(0);
    }, 5_000);
  });

  test('tells paused runs by their reason, and the limiter of each family in base units', async () => {
    const here = await bench(redis.url, { tenant: TENANT });
    await submitted(here);
    expect(await here.run(['pause', '@last', '--reason', 'hold on'])).toMatchObject({ exitCode: 0 });
    const services = await servicesOf(here);
    const { body } = await server(services).get('/metrics');
    const found = seriesOf(body);
    expect(found.get('retarget_run_paused{reason="operator"}')).toBe(1);
    expect(found.get('retarget_run_paused{reason="signIn"}')).toBe(0);
    const labels = `{tenant="${services.identity.tenant}",family="deviceConfiguration"}`;
    expect(found.get(`retarget_budget_used_ratio${labels}`)).toBe(0);
    expect(found.get(`retarget_limit_writes${labels}`)).toBe(100_000);
    expect(found.get(`retarget_backoff_seconds${labels}`)).toBe(0);
    expect(body).not.toContain('hold on');
  });

  test('is read with the token where there is one, and by this machine alone where there is none', async () => {
    const here = await bench(redis.url, { tenant: TENANT });
    const services = await servicesOf(here);
    const tokenFile = join(here.dir, 'token');
    writeFileSync(tokenFile, 's3cret\n');
    const { get } = server(services, { tokenFile });
    expect(await get('/metrics')).toMatchObject({ statusCode: 403 });
    expect(await get('/metrics', { authorization: 'Bearer s3cret' })).toMatchObject({ statusCode: 200 });
    const gone = server(services, { tokenFile: join(here.dir, 'gone') });
    expect(await gone.get('/metrics', { authorization: 'Bearer ' })).toMatchObject({ statusCode: 403 });
    const alone = server(services);
    expect(await alone.get('/metrics', { 'x-forwarded-for': '192.0.2.1' })).toMatchObject({
      statusCode: 403,
    });
    expect(await alone.get('/healthz', { 'x-forwarded-for': '192.0.2.1' })).toMatchObject({
      statusCode: 200,
      body: 'ok\n',
    });
  });

  test('without its Redis lives, is not ready, says why, and tells nothing that it does not know', async () => {
    const own = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
    const here = await bench(own.url, { tenant: TENANT });
    await submitted(here);
    const services = await servicesOf(here);
    const { get } = server(services);
    expect(await get('/readyz')).toMatchObject({ statusCode: 200, body: 'ok\n' });
    await own.stop();
    expect(await get('/healthz')).toMatchObject({ statusCode: 200 });
    const ready = await get('/readyz');
    expect(ready.statusCode).toBe(503);
    expect(ready.body).toContain('Redis does not answer');
    const found = seriesOf((await get('/metrics')).body);
    expect(found.get('retarget_redis_up')).toBe(0);
    const told = [...found.keys()].filter((name) => name.startsWith('retarget_'));
    expect(told.map((name) => name.replace(/\{.*/, ''))).toEqual([
      'retarget_build_info',
      'retarget_redis_up',
    ]);
  });
});

test('the server of the pages tells them beside the pages', async () => {
  const services = await servicesOf(await bench(redis.url, { tenant: TENANT }));
  const web = await openWeb(services, await openAccess({ port: 0 }, services));
  onTestFinished(() => web.close());
  // Nobody has signed in.
  expect(await web.inject('/')).not.toMatchObject({ statusCode: 200 });
  const get = (url: string) => web.inject({ url, headers: { host: '127.0.0.1:8900' } });
  expect(await get('/healthz')).toMatchObject({ statusCode: 200, body: 'ok\n' });
  expect(await get('/readyz')).toMatchObject({ statusCode: 200, body: 'ok\n' });
  const { body, headers } = await get('/metrics');
  expect(headers['content-type']).toContain('text/plain; version=0.0.4');
  expect(body).toContain('# TYPE retarget_rows gauge');
});

describe('a worker', () => {
  async function started(here: Bench, ...argv: string[]) {
    const worker = here.start(['worker', '--metrics-port', '0', ...argv]);
    await worker.said('/metrics.');
    const [, url = ''] = /Metrics at (http\S+)\/metrics\./.exec(worker.text()) ?? [];
    return { worker, url, read: async (path: string) => fetch(`${url}${path}`) };
  }

  test('counts its own writes, and nothing that Redis holds', async () => {
    const here = await bench(redis.url, { tenant: TENANT });
    await submitted(here);
    const { worker, read } = await started(here);
    const tenant = here.env['AZURE_TENANT_ID'];
    expect(await read('/readyz')).toMatchObject({ status: 200 });
    await vi.waitFor(
      async () => {
        const found = seriesOf(await (await read('/metrics')).text());
        const labels = `tenant="${tenant}",family="deviceConfiguration",outcome="succeeded"`;
        expect(found.get(`retarget_writes_total{${labels}}`)).toBe(30);
        expect([...found.keys()].some((name) => name.startsWith('retarget_rows'))).toBe(false);
      },
      { timeout: 20_000, interval: 50 },
    );
    worker.interrupt('SIGTERM');
    expect(await worker.ended).toMatchObject({ exitCode: 0 });
  });

  test('is refused a host without a port, and a port that is taken', async () => {
    const here = await bench(redis.url, { tenant: TENANT });
    const hostOnly = await here.run(['worker', '--metrics-host', '0.0.0.0']);
    expect(hostOnly).toMatchObject({ exitCode: 2 });
    expect(hostOnly.stderr).toContain('--metrics-port 9464');
    const taken = await here.run(['worker', '--metrics-port', String(here.simulator.port), '--until-idle']);
    expect(taken).toMatchObject({ exitCode: 2 });
    expect(taken.stderr).toContain('Give another --metrics-port');
  });
});
