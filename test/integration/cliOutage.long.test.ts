import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { generateTenant } from '../../src/simulator/generateTenant.ts';
import { ALLOW_ALL, bench, csv, type Bench } from '../support/cli.ts';
import { eachAnswered, gateway, proxyPage, type Gateway, type Intercept } from '../support/gateway.ts';
import { untrustedGraph } from '../support/untrustedGraph.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

const tenantOf40 = () =>
  generateTenant({
    ...{ configurations: 30, compliancePolicies: 10, assignmentsPerPolicy: 2, seed: 5, nested: false },
  });

/** A tenant behind a gateway, and a file that changes all of it. */
async function behind(
  intercept: Intercept,
): Promise<Bench & { readonly gate: Gateway; readonly path: string }> {
  const tenant = tenantOf40();
  const here = await bench(redis.url, { tenant });
  const gate = await gateway(here.simulator, intercept);
  const rows = [...here.simulator.tenant.every()].map(({ path }, n) => ({
    ...{ url: path, targetType: 'group', groupId: `new-${n}` },
  }));
  const env = { ...here.env, RETARGET_GRAPH_URL: gate.url };
  return {
    ...here,
    env,
    gate,
    path: here.file('all.csv', csv(rows)),
    start: (argv, given) => here.start(argv, { ...given, env: { ...env, ...given?.env } }),
    run: (argv, given) => here.run(argv, { ...given, env: { ...env, ...given?.env } }),
  };
}

const BUSY = {
  status: 503,
  headers: { 'Retry-After': '1' },
  body: { error: { code: 'ServiceUnavailable', message: 'busy' } },
};

/** Passes all but these envelopes, counted from 1. */
const except = (numbers: readonly number[], instead: Intercept): Intercept => {
  let n = 0;
  return (requests, pass) => {
    n += 1;
    return numbers.includes(n) ? instead(requests, pass) : pass();
  };
};

const allBusy: Intercept = (requests) => eachAnswered(requests, () => BUSY);

describe('a Graph that is busy for a while in the middle', () => {
  test.each([
    ['plan', 2, (path: string) => ['plan', path, ...ALLOW_ALL]],
    ['apply', 2, (path: string) => ['apply', path, '--yes', ...ALLOW_ALL]],
    // It reads the whole of so small a tenant at once, and several kinds side by side.
    ['export', 1, () => ['export', '--type', 'deviceConfiguration', '--format', 'csv']],
  ])('is waited for by %s, as long as it asks for, and told of once', async (_, from, argv) => {
    const here = await behind(except([from, from + 1], allBusy));
    const { exitCode, stderr } = await here.run(argv(here.path));
    expect(stderr.match(/503 ServiceUnavailable: busy; waiting/g)).toHaveLength(1);
    expect(stderr.match(/Graph answers again\./g)).toHaveLength(1);
    expect(exitCode).toBe(0);
  });

  test('is left at once at a signal', async () => {
    const here = await behind((requests, pass) =>
      here.gate.envelopes.length > 1 ? allBusy(requests, pass) : pass(),
    );
    const planning = here.start(['plan', here.path]);
    await planning.said('waiting for Graph');
    planning.interrupt('SIGINT');
    expect((await planning.ended).exitCode).toBe(130);
  });
});

test('reads that give no answer in the middle are asked for again', async () => {
  const here = await behind(except([3, 5], (requests) => eachAnswered(requests.slice(1), () => BUSY)));
  expect((await here.run(['plan', here.path, ...ALLOW_ALL])).exitCode).toBe(0);
});

describe('a page of something in between instead of an answer', () => {
  test.each([400, 403, 404, 407, 413, 451])(
    'to every read (%i): plan and export end with 4 and name it',
    async (status) => {
      const here = await behind(() => proxyPage(status));
      for (const argv of [['plan', here.path], ['export']]) {
        const { exitCode, stderr } = await here.run(argv);
        expect(exitCode).toBe(4);
        expect(stderr).toContain(`HTTP ${status}, text/html, from gate/1.0, "Access Denied"`);
        expect(stderr).toContain('proxy or gateway');
      }
    },
  );

  test('once: it costs nothing', async () => {
    const here = await behind(except([1, 3], () => proxyPage(407)));
    expect((await here.run(['plan', here.path, ...ALLOW_ALL])).exitCode).toBe(0);
  });

  test('to every read of a run: no row pays, it pauses and says why', async () => {
    const here = await behind(() => proxyPage(403));
    const runId = (await here.run(['submit', '--no-plan', here.path])).stdout.trim();
    await here.run(['worker', '--until-idle']);
    const status = JSON.parse((await here.run(['status', runId, '--json'])).stdout) as Record<
      string,
      unknown
    >;
    expect(status).toMatchObject({
      ...{ state: 'paused', failed: 0, pending: 80 },
      reasonText: expect.stringContaining('Access Denied'),
    });
  });
});

test('a plan of which not one policy may be read ends with 4', async () => {
  const body = { error: { code: 'Forbidden', message: 'No.' } };
  const here = await behind((requests) => eachAnswered(requests, () => ({ status: 403, body })));
  const { exitCode, stderr } = await here.run(['plan', here.path]);
  expect(exitCode).toBe(4);
  expect(stderr).toContain('403 Forbidden: No.');
});

/** Lets through what a plan is stopped for, with what stands before Graph. */
async function whatIsBlocked(
  here: Pick<Bench, 'run'> & { readonly path: string },
  env = {},
): Promise<string[]> {
  const { stdout } = await here.run(['plan', here.path, '--json'], { env });
  const { blocked } = JSON.parse(stdout) as { blocked: readonly { kind: string; found: number }[] };
  return blocked.flatMap(({ kind, found }) => ['--allow', `${kind}=${found}`]);
}

test('a list that nests without end fails its own rows, in the plan and at the worker', async () => {
  const deep = `${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`;
  const here = await behind(async (requests, pass) => {
    const { body = '', ...answer } = await pass();
    const bad = requests.find(({ url }) => url.endsWith('/assignments'))?.id;
    // The first list of an envelope is one of the deep.
    return {
      ...answer,
      body: String(body).replace(
        new RegExp(`("id":"${bad}".*?)"value":\\[`),
        `$1"value":[{"id":"x","target":{"n":${deep}}},`,
      ),
    };
  });
  const plan = await here.run(['plan', here.path, '--json']);
  expect(JSON.parse(plan.stdout)).toMatchObject({ unreadable: expect.any(Number) });
  const applied = await here.run(['apply', here.path, '--yes', ...(await whatIsBlocked(here))]);
  expect(applied.exitCode).toBe(1);
  expect((await here.run(['results', '@last', '--only', 'failed'])).stdout).toMatch(
    /ReadIncomplete.*levels deep/,
  );
});

test('a list in which the token stands fails its rows, and the token is kept nowhere', async () => {
  const token = 'EwB4A8l6BAAUopaque0123456789';
  const here = await behind(async (requests, pass) => {
    const { body = '', ...answer } = await pass();
    const first = requests.find(({ url }) => url.endsWith('/assignments'))?.id;
    const list = new RegExp(`("id":"${first}".*?)"value":\\[`);
    return {
      ...answer,
      body: String(body).replace(list, `$1"value":[{"id":"x","target":{"note":"${token}"}},`),
    };
  });
  const env = { RETARGET_ACCESS_TOKEN: token };
  const allowed = await whatIsBlocked(here, env);
  const { exitCode, stdout, stderr } = await here.run(['apply', here.path, '--yes', ...allowed], { env });
  expect(exitCode).toBe(1);
  const results = await here.run(['results', '@last', '--only', 'failed'], { env });
  expect(results.stdout).toContain('TokenInReply');
  expect(stdout + stderr + results.stdout).not.toContain(token);
});

describe('a Graph that is not reached', () => {
  const closedPort = async (): Promise<string> => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    return `https://127.0.0.1:${port}`;
  };
  const PLAIN_ROW = 'policyType,policyId,assignmentId,targetType\ndeviceConfiguration,p1,a1,allDevices\n';

  test.each<readonly [string, (dir: string) => Promise<string>, RegExp, string]>([
    [
      'an untrusted certificate',
      async (dir) => (await untrustedGraph(dir)).url,
      /is not trusted/,
      'NODE_EXTRA_CA_CERTS',
    ],
    ['an unknown name', async () => 'https://graph.invalid', /graph.invalid could not be looked up/, 'DNS'],
    ['a closed port', closedPort, /refused the connection \(ECONNREFUSED\)/, 'RETARGET_GRAPH_URL'],
  ])('for %s is told by plan and apply in the words of doctor', async (_, urlIn, message, remedy) => {
    const here = await bench(redis.url, { tenant: tenantOf40() });
    const env = { RETARGET_GRAPH_URL: await urlIn(here.dir) };
    const path = here.file('x.csv', PLAIN_ROW);
    const doctor = await here.run(['doctor', '--json'], { env });
    const checks = (JSON.parse(doctor.stdout) as { checks: { name: string; message: string }[] }).checks;
    const told = checks.find(({ name }) => name === 'graph')?.message ?? '';
    for (const argv of [
      ['plan', path],
      ['apply', path, '--yes'],
    ]) {
      const { exitCode, stderr } = await here.run(argv, { env });
      expect(exitCode).toBe(4);
      expect(stderr).toMatch(message);
      expect(stderr).toContain(told);
      expect(stderr).toContain(remedy);
      expect(stderr).not.toContain('lost');
    }
  });

  test('for silence is told of while it is waited for', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    onTestFinished(() => void silent.close());
    const here = await bench(redis.url);
    const env = { RETARGET_GRAPH_URL: `http://127.0.0.1:${(silent.address() as AddressInfo).port}` };
    const planning = here.start(['plan', here.file('x.csv', PLAIN_ROW)], { env });
    await planning.said('Graph has not answered for');
    planning.interrupt('SIGINT');
    expect((await planning.ended).exitCode).toBe(130);
  });
});
