import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ALLOW_ALL, bench, csv, type Bench } from '../support/cli.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';
import { groupTarget } from '../support/simulatorClient.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer();
});
afterAll(() => redis.stop());

const HOSTILE = `"><script>alert(1)</script>| [x](javascript:alert(2)) \`@everyone\``;

/** Two policies, of which one can't be written, and a file that moves both. */
async function twoPolicies(): Promise<Bench & { readonly changes: string }> {
  const here = await bench(redis.url, {
    tenant: {
      policies: [HOSTILE, 'Wi-Fi'].map((displayName, n) => ({
        ...{ id: `c${n}`, type: 'deviceConfiguration', displayName },
        assignments: [{ id: `c${n}-a`, target: groupTarget('old') }],
      })),
    },
    groups: [
      { id: 'old', displayName: 'GRP-Old' },
      { id: 'new', displayName: HOSTILE },
    ],
    forbidden: ['c1'],
  });
  const rows = [0, 1].map((n) => ({
    ...{ policyType: 'deviceConfiguration', policyId: `c${n}`, assignmentId: `c${n}-a` },
    ...{ targetType: 'group', groupId: 'new' },
  }));
  return { ...here, changes: here.file('changes.csv', csv(rows)) };
}

const written = (here: Bench, name: string): string => readFileSync(join(here.dir, name), 'utf8');

describe('of a run', () => {
  test('the report says who, why, what was allowed, what was before and after, and what failed', async () => {
    const here = await twoPolicies();
    await here.run(['apply', here.changes, '--yes', ...ALLOW_ALL, '--reason', 'CHG-1']);
    expect(await here.run(['report', '@last', '-o', 'change.html'])).toMatchObject({ exitCode: 0 });
    const html = written(here, 'change.html');
    expect(html).toContain('<span>CHG-1</span>');
    expect(html).toContain('ada@desk');
    expect(html).toMatch(/<b>1<\/b><span class="good">succeeded/);
    expect(html).toMatch(/<b>1<\/b><span class="bad">failed/);
    expect(html).toMatch(/<del>.*?<b> GRP-Old<\/b>.*?<\/del>/);
    expect(html).toMatch(/Wi-Fi \(line 3\)/);
    expect(html).toMatch(/Allowed by ada@desk/);
    expect(html).toContain('<svg viewBox');
  });

  test('the report of a run that was taken back says so before its sums are believed', async () => {
    const here = await twoPolicies();
    await here.run(['apply', here.changes, '--yes', ...ALLOW_ALL]);
    const lastRun = async (): Promise<string> =>
      (JSON.parse((await here.run(['status', '@last', '--json'])).stdout) as { runId: string }).runId;
    const runId = await lastRun();
    await here.run(['rollback', '@last', '--yes', '--work']);
    const { stdout } = await here.run(['report', '--format', 'md', runId]);
    const words = `All or a part of it was taken back since, by run ${await lastRun()}.`;
    expect(stdout.slice(0, stdout.indexOf('\n## '))).toContain(words);
  });

  test('whatever a policy or a group is called runs and loads nothing', async () => {
    const here = await twoPolicies();
    await here.run(['apply', here.changes, '--yes', ...ALLOW_ALL, '--reason', HOSTILE]);
    await here.run(['report', '@last', '-o', 'change.html']);
    const html = written(here, 'change.html');
    expect(html).toContain('&lt;script>alert(1)');
    expect(html).not.toMatch(/<script|<img|<a |<link|<iframe|url\(['"]?http|\son[a-z]+="/);
    expect(html).toContain(`http-equiv="Content-Security-Policy" content="default-src 'none'`);
    const { data } = await here.run(['report', '@last']);
    // In code everywhere: without spans of code nothing of it is left.
    expect(data).toContain('alert(1)');
    expect(data.replace(/(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)/g, '').replace(/\\./g, '')).not.toMatch(
      /<|alert\(1\)\s*<|\[x\]|@everyone/,
    );
  });

  test('a run whose plan is not kept here is reported from its record', async () => {
    const here = await twoPolicies();
    await here.run(['apply', here.changes, '--yes', ...ALLOW_ALL]);
    const { data } = await here.run(['report', '@last', '--plan-dir', 'elsewhere']);
    expect(data).toContain('not kept on this machine');
    expect(data).toMatch(/group `GRP-Old`.* → group /);
  });

  test('a run that waits is reported with what it will overwrite', async () => {
    const here = await twoPolicies();
    await here.run(['submit', here.changes, ...ALLOW_ALL]);
    const { data } = await here.run(['report', '@last']);
    expect(data).toContain('| Pending | Policies to change |');
    expect(data).toMatch(/group `GRP-Old`.* → group .*pending/);
  });
});

describe('of a plan', () => {
  test('the report says what is found in it and how to carry it out', async () => {
    const here = await twoPolicies();
    await here.run(['plan', here.changes, '-o', 'plan.ndjson']);
    const { exitCode, data } = await here.run(['report', 'plan.ndjson']);
    expect(exitCode).toBe(0);
    expect(data).toContain('# Planned change of 2 assignments');
    expect(data).toContain('Allowed by nobody yet.');
    expect(data).toMatch(/Carry it out: `retarget apply plan.ndjson --allow .*`/);
  });

  test('a file of rows is no plan', async () => {
    const here = await twoPolicies();
    const { exitCode, stderr } = await here.run(['report', here.changes]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('retarget plan');
  });
});

test('an extension that is no format is refused before anything is read', async () => {
  const here = await twoPolicies();
  const { exitCode, stderr } = await here.run(['report', '@last', '-o', 'change.pdf']);
  expect(exitCode).toBe(2);
  expect(stderr).toContain('.html or .md');
});
