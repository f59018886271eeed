import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { guid } from '../support/guid.ts';
import { bench, csv } from '../support/cli.ts';
import { ANY_SIZE, plannedTenant, type PlannedTenant } from '../support/plannedTenant.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';
import { groupTarget } from '../support/simulatorClient.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

const runs = async (here: PlannedTenant): Promise<unknown> =>
  JSON.parse((await here.run(['status', '--json'])).stdout) as unknown;

describe('a canary', () => {
  /** Answers the plan's question with yes, and the canary's with this. */
  async function answering(here: PlannedTenant, answer: string) {
    const stdin = new PassThrough();
    const applying = here.start(['apply', here.changes, '--canary', '3', ...ANY_SIZE], {
      ...{ isTerminal: true, stdin },
    });
    await applying.said('Change 40 assignments');
    stdin.write('yes\n');
    await applying.said('Go on with the other 37 rows?');
    expect(here.simulator.stats().writesArrived).toBe(3);
    expect(await here.status()).toMatchObject({ state: 'paused', succeeded: 3, pending: 37 });
    stdin.write(`${answer}\n`);
    const ran = await applying.ended;
    expect(ran.stderr).toContain('Canary: 3 rows written and read back, 0 not as desired.');
    return ran;
  }

  test('is written and read back first; after a yes the rest follows', async () => {
    const here = await plannedTenant(redis.url, 20);
    expect((await answering(here, 'yes')).exitCode).toBe(0);
    expect(here.groups()).toEqual(here.groups().map((_, n) => `new-${n}`));
    expect(here.simulator.stats().writesArrived).toBe(40);
  });

  test('that somebody does not like leaves the rest waiting, and names how to go on', async () => {
    const here = await plannedTenant(redis.url, 20);
    const ran = await answering(here, 'no');
    expect(ran.exitCode).toBe(3);
    const command = /The rest waits: retarget (.*)/.exec(ran.stderr)?.[1]?.split(' ') ?? [];
    expect(here.simulator.stats().writesArrived).toBe(3);
    expect((await here.run(command)).exitCode).toBe(0);
    expect(here.simulator.stats().writesArrived).toBe(40);
  });

  test('with --canary-stop never goes on by itself', async () => {
    const here = await plannedTenant(redis.url, 20);
    const ran = await here.run([
      ...['apply', here.changes, '--yes', '--canary', '3', '--canary-stop', ...ANY_SIZE],
    ]);
    expect(ran.exitCode).toBe(3);
    expect(await here.status()).toMatchObject({ state: 'paused', succeeded: 3, pending: 37 });
  });

  test('with --yes goes on when all of it came through', async () => {
    const here = await plannedTenant(redis.url, 20);
    const ran = await here.run(['apply', here.changes, '--yes', '--canary', '3', ...ANY_SIZE]);
    expect(ran.exitCode).toBe(0);
    expect(ran.stderr).toContain('Canary: 3 rows written and read back, 0 not as desired.');
    expect(await here.status()).toMatchObject({ state: 'completed', succeeded: 40 });
  });

  test('with --yes stops when a row of it failed', async () => {
    const here = await plannedTenant(redis.url, 20, { forbidden: ['c0-a1'] });
    const ran = await here.run(['apply', here.changes, '--yes', '--canary', '3', ...ANY_SIZE]);
    expect(ran.exitCode).toBe(3);
    expect(ran.stderr).toContain('Canary: 2 rows written and read back, 1 not as desired.');
    expect(here.simulator.stats().writesArrived).toBe(3);
  });

  test('that Graph says it wrote and did not has failed', async () => {
    const here = await plannedTenant(redis.url, 20, { faults: { ignored: 1 } });
    const ran = await here.run(['apply', here.changes, '--yes', '--canary', '3', ...ANY_SIZE]);
    expect(ran.exitCode).toBe(3);
    expect(ran.stderr).toContain('Canary: 0 rows written and read back, 3 not as desired.');
    expect(here.simulator.stats().writesArrived).toBe(3);
  });
});

describe('a sample', () => {
  test('is so many rows from all over the file, and then the run is at its end', async () => {
    const here = await plannedTenant(redis.url, 20);
    const ran = await here.run(['apply', here.changes, '--yes', '--sample', '4', ...ANY_SIZE]);
    expect(ran.exitCode).toBe(0);
    expect(ran.stderr).toContain('A sample of 4 of 40 rows to be written:');
    expect(await here.status()).toMatchObject({ state: 'completed', total: 4, succeeded: 4 });
    const written = here.groups().flatMap((group, n) => (group === `new-${n}` ? [Math.floor(n / 2)] : []));
    expect(written).toEqual([0, 5, 10, 15]);
  });

  test('takes what narrows a policy first, so that nothing is widened without it', async () => {
    const assignments = [
      { id: 'wide', target: groupTarget('g1') },
      {
        id: 'narrow',
        target: { '@odata.type': '#microsoft.graph.exclusionGroupAssignmentTarget', groupId: 'x' },
      },
    ];
    const here = await bench(redis.url, {
      tenant: { policies: [{ id: 'c1', type: 'deviceConfiguration', assignments }] },
    });
    const file = csv([
      {
        policyType: 'deviceConfiguration',
        policyId: 'c1',
        assignmentId: 'wide',
        targetType: 'allDevices',
        groupId: '',
      },
      {
        policyType: 'deviceConfiguration',
        policyId: 'c1',
        assignmentId: 'narrow',
        targetType: 'exclusionGroup',
        groupId: 'y',
      },
    ]);
    const ran = await here.run([
      ...['apply', here.file('x.csv', file), '--yes', '--sample', '1'],
      ...['--allow', 'exclusion-swapped=1', ...ANY_SIZE],
    ]);
    expect(ran.exitCode, ran.stderr).toBe(0);
    const path = '/deviceManagement/deviceConfigurations/c1/assignments';
    expect(here.simulator.tenant.at(`${path}/narrow`)?.target).toMatchObject({ groupId: guid('y') });
    expect(here.simulator.tenant.at(`${path}/wide`)?.target).toMatchObject({ groupId: guid('g1') });
  });

  test('that the guard stops leaves nothing behind', async () => {
    const here = await plannedTenant(redis.url, 2);
    const ran = await here.run(['apply', here.changes, '--yes', '--sample', '2', '--max-changes', '1']);
    expect(ran.exitCode).toBe(3);
    expect(await runs(here)).toEqual([]);
    expect(readdirSync(join(here.dir, 'data', 'plans'))).toEqual([]);
  });

  test('is not taken of a saved plan, which is whole or nothing', async () => {
    const here = await plannedTenant(redis.url, 2);
    await here.run(['plan', here.changes, ...ANY_SIZE, '-o', 'plan.ndjson']);
    const ran = await here.run(['apply', 'plan.ndjson', '--yes', '--sample', '2']);
    expect(ran.exitCode).toBe(2);
    expect(ran.stderr).toContain('--sample');
    expect(await runs(here)).toEqual([]);
  });
});
