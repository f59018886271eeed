import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEvents } from '../../src/events.ts';
import { serverMetrics } from '../../src/web/metrics/serverMetrics.ts';
import { workerMetrics } from '../../src/web/metrics/workerMetrics.ts';
import { bench } from '../support/cli.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';
import { servicesOf } from '../support/servicesOf.ts';

const DIR = fileURLToPath(new URL('../../samples/monitoring/', import.meta.url));
const read = (name: string): string => readFileSync(`${DIR}${name}`, 'utf8');

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

interface Dashboard {
  readonly panels: readonly {
    readonly title: string;
    readonly datasource: { readonly uid: string };
    readonly targets: readonly { readonly expr: string }[];
  }[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly query: unknown }[] };
}

/** What the code tells: of a server, and of a worker. */
async function told(): Promise<readonly Registry[]> {
  const services = await servicesOf(await bench(redis.url));
  return [serverMetrics(services).registry, workerMetrics('t', createEvents()).registry];
}

const namesIn = (text: string): string[] => text.match(/\b(?:retarget|process|nodejs)_[a-z0-9_]+/g) ?? [];

test('every metric in dashboard, rules, their tests and the table is one that is told', async () => {
  const metrics = (await told()).flatMap((registry) => registry.getMetricsAsArray());
  const known = new Set(metrics.map(({ name }) => name));
  const dashboard = JSON.parse(read('grafana-dashboard.json')) as Dashboard;
  const queries = [
    ...dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
    ...dashboard.templating.list.map(({ query }) => JSON.stringify(query)),
  ];
  const rules = [...read('retarget.rules.yml').matchAll(/expr: (?:>-\n(?: {10}.*\n)+|.*)/g)].map(
    ([expr]) => expr,
  );
  const series = [...read('retarget.rules.test.yml').matchAll(/series: '(.*)'/g)].map(
    ([, name = '']) => name,
  );
  for (const texts of [queries, rules, series]) {
    const names = texts.flatMap(namesIn);
    expect(names.length).toBeGreaterThan(5);
    expect(names.filter((name) => !known.has(name))).toEqual([]);
  }
  const ours = [...known].filter((name) => name.startsWith('retarget_'));
  const table = read('README.md').replaceAll('`…', '`retarget_runs');
  expect(ours.filter((name) => !table.includes(name))).toEqual([]);
});

test('each label in a query is one of its metric', async () => {
  const labels = new Map(
    (await told())
      .flatMap((registry) => registry.getMetricsAsArray())
      .map((metric) => [metric.name, (metric as unknown as { labelNames: readonly string[] }).labelNames]),
  );
  const text = read('grafana-dashboard.json') + read('retarget.rules.yml') + read('retarget.rules.test.yml');
  const used = [...text.matchAll(/\b(retarget_\w+)\{([^}]*)\}/g)].flatMap(([, name = '', inside = '']) =>
    [...inside.matchAll(/(\w+)\s*[=!]~?/g)].map(([, label = '']) => ({ name, label })),
  );
  expect(used.length).toBeGreaterThan(20);
  expect(
    used.filter(({ name, label }) => label !== 'instance' && !(labels.get(name) ?? []).includes(label)),
  ).toEqual([]);
});

test('every panel asks the Prometheus that is chosen, and has a name of its own', () => {
  const { panels } = JSON.parse(read('grafana-dashboard.json')) as Dashboard;
  expect(panels.filter(({ datasource }) => datasource.uid !== '${datasource}')).toEqual([]);
  expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length);
});

const hasPromtool = spawnSync('promtool', ['--version']).error === undefined;

describe.skipIf(!hasPromtool)('promtool', () => {
  const promtool = (...argv: readonly string[]): string =>
    execFileSync('promtool', argv, { cwd: DIR, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

  test('takes the configuration and the rules, which do what they say', () => {
    expect(promtool('check', 'config', 'prometheus.yml')).toContain('SUCCESS');
    expect(promtool('check', 'rules', 'retarget.rules.yml')).toContain('SUCCESS: 11 rules found');
    expect(promtool('test', 'rules', 'retarget.rules.test.yml')).toContain('SUCCESS');
  });

  test('has nothing to say of what is told', async () => {
    const services = await servicesOf(await bench(redis.url));
    const server = serverMetrics(services);
    await server.refresh();
    const worker = workerMetrics('t', createEvents());
    for (const { registry } of [server, worker]) {
      const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
        input: await registry.metrics(),
        encoding: 'utf8',
      });
      expect(`${stdout}${stderr}`).toBe('');
      expect(status).toBe(0);
    }
  });
});
