import { PassThrough } from 'node:stream';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chargedBy, MAIN_FAMILY } from '../../src/assignments/kinds/family.ts';
import { KINDS } from '../../src/assignments/kinds/registry.ts';
import type { Check } from '../../src/app/doctor/check.ts';
import { keysOf } from '../../src/runs/keys.ts';
import type { SimulatorOptions } from '../../src/simulator/simulator.ts';
import { bench, type Bench } from '../support/cli.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';
import { groupTarget, SMALL_TENANT } from '../support/simulatorClient.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

interface Site extends Bench {
  /** `doctor --probe-write`, with the check of the write. */
  probe(assignment: string, ...more: string[]): Promise<Probed>;
}

interface Probed {
  readonly exitCode: number;
  readonly strategy: string | null;
  readonly write: Check;
}

async function site(options: SimulatorOptions = {}, env: Record<string, string> = {}): Promise<Site> {
  const here = await bench(redis.url, { tenant: SMALL_TENANT, ...options }, env);
  return {
    ...here,
    async probe(assignment, ...more) {
      const ran = await here.run(['doctor', '--json', '--yes', '--probe-write', assignment, ...more]);
      const json = JSON.parse(ran.stdout) as { ok: boolean; strategy: string | null; checks: Check[] };
      const write = json.checks.find(({ name }) => name === 'write');
      if (write === undefined) throw new Error(`no check of the write in ${ran.stdout}`);
      expect(json.ok).toBe(write.status !== 'failed');
      expect(ran.exitCode).toBe(json.ok ? 0 : 4);
      return { exitCode: ran.exitCode, strategy: json.strategy, write };
    },
  };
}

const writes = ({ simulator }: Bench): number => simulator.stats().requests['PATCH'] ?? 0;

describe('doctor --probe-write', () => {
  test.each([
    'c1/a2',
    'C1/A2',
    'deviceConfigurations/c1/a2',
    'deviceConfiguration/c1/a2',
    'p1/a5',
    'deviceCompliancePolicies/p1/a5',
  ])('of %s writes the current target back by PATCH, and names the strategy', async (assignment) => {
    const here = await site();
    const before = here.simulator.snapshot();
    const { strategy, write } = await here.probe(assignment);
    expect(write, write.message).toMatchObject({ status: 'ok' });
    expect(strategy).toBe('patch');
    expect(writes(here)).toBe(1);
    expect(here.simulator.stats().writesDone).toBe(1);
    expect(here.simulator.snapshot()).toEqual(before);
  });

  test('is charged to the limiter like any write', async () => {
    const here = await site({}, { RETARGET_WINDOW_MS: '20000', RETARGET_WRITES_PER_WINDOW: '5' });
    await here.probe('c1/a1');
    const client = new Redis(redis.url ?? '');
    const { limiter } = keysOf(here.env['AZURE_TENANT_ID'] ?? '');
    const charged = await client.hmget(limiter, 'w', 'a');
    client.disconnect();
    // A read for each kind that can be probed, as the id does not tell the type, where it counts against this limit; the write; one read to see it.
    const kinds = KINDS.filter(
      ({ write, family }) =>
        ['patch', 'assign'].includes(write.how) && chargedBy(family).includes(MAIN_FAMILY),
    );
    expect(charged).toEqual(['1', String(kinds.length + 2)]);
  });

  test('tells a tenant that takes no PATCH, type by type, and what to do', async () => {
    const here = await site({ refusePatch: ['deviceConfiguration'] });
    const refused = await here.probe('c1/a1');
    expect(refused).toMatchObject({ strategy: 'assign', write: { status: 'warning' } });
    expect(refused.write.remedy).toContain('--strategy assign');
    expect((await here.probe('p1/a5')).strategy).toBe('patch');
  });

  test('finds the assignment under its new id in a tenant that gives it one', async () => {
    const here = await site({ rekey: true });
    const { strategy, write } = await here.probe('c1/a1');
    expect(strategy).toBe('patch');
    expect(write.message).toContain('under the new id c1_g1');
  });

  test.each<[string, SimulatorOptions, string, RegExp, number]>([
    ['an assignment of a policy set', {}, 'c2/a4', /belongs to a policy set/, 0],
    ['one that is not there', {}, 'c1/nobody', /no policy has it/, 0],
    ['one of a policy that is not there', {}, 'nobody/a1', /no policy has it/, 0],
    ['one that may not be written', { forbidden: ['a1'] }, 'c1/a1', /Forbidden/, 1],
    [
      'a write that fails',
      { refusals: [{ policyId: 'c1', status: 400, code: 'Odd' }] },
      'c1/a1',
      /\(Odd: /,
      1,
    ],
    [
      'a list that may not be read',
      { refusals: [{ policyId: 'c1', method: 'GET' }] },
      'c1/a1',
      /can't be read/,
      0,
    ],
  ])('says so of %s, with what to do', async (_what, options, assignment, message, patches) => {
    const here = await site(options);
    const before = here.simulator.snapshot();
    const { strategy, write } = await here.probe(assignment);
    expect(write.status).toBe('failed');
    expect(write.message).toMatch(message);
    expect(write.remedy).not.toBe('');
    expect(strategy).toBeNull();
    expect(writes(here)).toBe(patches);
    expect(here.simulator.snapshot()).toEqual(before);
  });

  test('believes what is read back, not what was answered', async () => {
    // A write is done when half of this has passed, and answered after the other half.
    const here = await site({ latencyMs: 200 });
    const edit = { type: 'deviceConfiguration', policyId: 'c1', assignmentId: 'a1' } as const;
    const probing = here.probe('deviceConfigurations/c1/a1');
    // Between the write and the read of it.
    while (writes(here) === 0) await new Promise(setImmediate);
    here.simulator.edit([{ do: 'change', ...edit, target: groupTarget('theirs') }]);
    const { strategy, write } = await probing;
    expect(write.message).toContain('theirs');
    expect(strategy).toBeNull();
  });

  test('does not write where a second administrator would be asked', async () => {
    const here = await site({ approvalFor: ['deviceConfiguration'] });
    const { write, strategy } = await here.probe('c1/a1');
    expect(write).toMatchObject({ status: 'warning', remedy: expect.stringContaining('--justification') });
    expect(strategy).toBeNull();
    expect(writes(here)).toBe(0);
    expect((await here.probe('p1/a5')).strategy).toBe('patch');
  });

  test('does not write while the tenant is stopped, nor when a check has failed', async () => {
    const here = await site();
    // A tenant that nobody has worked for is not to be stopped.
    await here.run(['worker', '--until-idle']);
    await here.run(['pause', '--all']);
    expect((await here.probe('c1/a1')).write.message).toContain('stopped');
    await here.run(['resume', '--all']);
    here.simulator.reconfigure({ access: 'none' });
    expect((await here.probe('c1/a1')).write.message).toContain('intune has failed');
    expect(writes(here)).toBe(0);
  });

  test.each([
    ['n\n', 0],
    ['y\n', 1],
  ])('asks first: after %j there are %i writes', async (answer, patches) => {
    const here = await site();
    const stdin = new PassThrough();
    const running = here.start(['doctor', '--probe-write', 'c1/a1'], { stdin, isTerminal: true });
    await running.said('[y/N]');
    expect(running.text()).toContain('group g1');
    stdin.write(answer);
    expect(await running.ended).toMatchObject({ exitCode: 0 });
    expect(writes(here)).toBe(patches);
  });

  test('is refused with 2 where nobody can be asked, and when nothing is named', async () => {
    const here = await site();
    const cases = [
      ['c1/a1'],
      ['c1', '--yes'],
      ['policySets/c1/a1', '--yes'],
      ['printers/c1/a1', '--yes'],
      ['a/b/c/d', '--yes'],
      ['c1/a#1', '--yes'],
    ];
    for (const words of cases) {
      const ran = await here.run(['doctor', '--probe-write', ...words]);
      expect(ran, ran.stderr).toMatchObject({ exitCode: 2 });
    }
    expect(here.simulator.stats().requests).toEqual({});
  });
});

describe('doctor', () => {
  test('says for which types a second administrator has to approve changes', async () => {
    const here = await site({ approvalFor: ['deviceConfiguration', 'deviceCompliancePolicy'] });
    const shown = await here.run(['doctor']);
    expect(shown.exitCode).toBe(0);
    expect(shown.stdout).toMatch(/^warning +approval +.*configurations and compliance policies/m);
    const v1 = await here.run(['doctor', '--api-version', 'v1.0']);
    expect(v1.stdout).toMatch(/^warning +approval/m);
    here.simulator.reconfigure({ approvalFor: [] });
    expect((await here.run(['doctor'])).stdout).not.toContain('approv');
  });
});
