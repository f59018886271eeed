import { setTimeout } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { keysOf } from '../../src/runs/keys.ts';
import type { TenantSeed } from '../../src/simulator/tenantFile.ts';
import { ALLOW_ALL, bench, csv, type Bench, type Ran } from '../support/cli.ts';
import { guid } from '../support/guid.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';
import { groupTarget } from '../support/simulatorClient.ts';
import { jwt, secondsFromNow } from '../support/token.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ tcp: true });
});
afterAll(() => redis.stop());

const IDS = ['a1', 'a2', 'a3'];
const TENANT: TenantSeed = {
  policies: IDS.map((id) => ({
    ...{ id: `p${id}`, type: 'deviceConfiguration' as const },
    assignments: [{ id, target: groupTarget('old') }],
  })),
};
const CHANGES = csv(
  IDS.map((id) => ({
    ...{ policyType: 'deviceConfiguration', policyId: `p${id}`, assignmentId: id },
    ...{ targetType: 'group', groupId: 'new' },
  })),
);

const personIn = (tid: string, name: string): string =>
  jwt({
    ...{ tid, oid: guid(name), upn: `${name}@example.com`, appid: 'cli', exp: secondsFromNow(3600) },
    scp: 'User.Read DeviceManagementConfiguration.ReadWrite.All',
  });
const appIn = (tid: string): string =>
  jwt({
    ...{ tid, oid: guid('app'), appid: 'app-1', idtyp: 'app', exp: secondsFromNow(3600) },
    roles: ['DeviceManagementConfiguration.ReadWrite.All'],
  });

type Who = 'ada' | 'bob' | 'cy' | 'app' | 'guest' | 'forged';

interface Site extends Bench {
  readonly tenant: string;
  readonly changes: string;
  /** A command line with somebody's sign-in. */
  as(who: Who, argv: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ran>;
  tokenOf(who: Who): string;
  status(): Promise<Readonly<Record<string, unknown>>>;
  /** The groups that the tenant's assignments have. */
  written(): number;
}

let sites = 0;

async function site(): Promise<Site> {
  sites += 1;
  const tenant = guid(`tenant ${sites}`);
  const tokens: Record<Who, string> = {
    ...{ ada: personIn(tenant, 'ada'), bob: personIn(tenant, 'bob'), cy: personIn(tenant, 'cy') },
    ...{ app: appIn(tenant), guest: personIn(guid('elsewhere'), 'guest') },
    // It says that it is Cy's, and no tenant has signed it.
    forged: personIn(tenant, 'cy').replace(/\.[^.]*$/, '.Zm9yZ2Vk'),
  };
  const { forged: _forged, ...accepted } = tokens;
  const here = await bench(
    redis.url,
    { tenant: TENANT, tokens: Object.values(accepted) },
    { AZURE_TENANT_ID: tenant },
  );
  return {
    ...here,
    tenant,
    changes: here.file('changes.csv', CHANGES),
    as: (who, argv, env) =>
      here.run(argv, {
        env: {
          RETARGET_ACCESS_TOKEN: tokens[who],

          ...env,
        },
      }),
    tokenOf: (who) => tokens[who],
    status: async () => JSON.parse((await here.run(['status', '@last', '--json'])).stdout),
    written: () => here.simulator.stats().writesDone,
  };
}

const REQUIRE = ['approval', '--require', '--reason', 'CHG-1'];

/** A tenant in which a second person has to say yes. */
async function strictSite(): Promise<Site> {
  const here = await site();
  const set = await here.as('ada', REQUIRE);
  expect(set, set.stderr).toMatchObject({ exitCode: 0 });
  return here;
}

const submit = (changes: string): string[] => ['submit', changes, ...ALLOW_ALL];
const approve = (fingerprint: string): string[] => [
  ...['approve', '@last', '--fingerprint', fingerprint],
  ...['--reason', 'compared with CHG-1'],
];
const WORK = ['worker', '--until-idle'];

describe('two people', () => {
  test('write what one has planned and the other has approved, by its fingerprint, and the log names both', async () => {
    const here = await strictSite();
    const made = await here.as('ada', submit(here.changes));
    expect(made, made.stderr).toMatchObject({ exitCode: 0 });
    const idle = await here.as('ada', WORK);
    expect(idle, idle.stderr).toMatchObject({ exitCode: 3 });
    expect(here.written()).toBe(0);
    const before = await here.status();
    expect(before).toMatchObject({ state: 'queued', reason: 'approval', pending: 3 });
    expect(before['approval']).toEqual({ madeBy: 'ada@example.com', by: null, at: null, why: null });
    expect((await here.run(['status', '--check'])).exitCode).toBe(3);
    expect(before['reasonText']).toContain('somebody else than ada@example.com has to approve');
    const plan = String(before['planFingerprint']);
    expect(before['reasonText']).toContain(plan.slice(0, 32));

    const yes = await here.as('bob', approve(plan.slice(0, 32)));
    expect(yes, yes.stderr).toMatchObject({ exitCode: 0 });
    expect(yes.stderr).toContain('approved by bob@example.com');
    const worked = await here.as('ada', WORK);
    expect(worked, worked.stderr).toMatchObject({ exitCode: 0 });
    expect(here.written()).toBe(3);
    expect((await here.run(['status', '@last'])).stdout).toMatch(
      /approved +by bob@example.com at .*compared with CHG-1/,
    );
    const log = JSON.parse((await here.run(['log', '@last', '--json'])).stdout) as Record<string, unknown>[];
    const approved = log.find(({ action }) => action === 'approve');
    expect(approved).toMatchObject({
      ...{ operator: 'bob@example.com', reason: 'compared with CHG-1' },
      details: { oid: 'bob', plan },
    });
    // Rolling back waits as well.
    await here.as('ada', ['rollback', '@last', '--yes']);
    await here.as('ada', WORK);
    expect(await here.status()).toMatchObject({ state: 'queued', reason: 'approval' });
    expect(here.written()).toBe(3);
  });

  test.each([false, true])(
    'what takes a run back at its time waits for a yes as well, which is said before, unless rollbacks are free: %s',
    async (isFree) => {
      const here = await site();
      await here.as('ada', [...REQUIRE, ...(isFree ? ['--rollback-free'] : [])]);
      const made = await here.as('ada', [...submit(here.changes), '--revert-after', '1h']);
      expect(made.stderr.includes('This will not end by itself')).toBe(!isFree);
      const run = made.stdout.trim();
      const { planFingerprint } = await here.status();
      await here.as('bob', approve(String(planFingerprint)));
      await here.as('app', WORK);
      expect(here.written()).toBe(3);
      // What was approved for an hour nobody makes last by himself; it may end earlier.
      for (const longer of [['--no-revert'], ['--revert-after', '48h']])
        expect(await here.run(['update', run, ...longer])).toMatchObject({
          exitCode: 2,
          stderr: expect.stringContaining('was approved with its end'),
        });
      expect((await here.run(['update', run, '--revert-after', '1s'])).exitCode).toBe(0);
      await setTimeout(1_100);
      await here.as('app', WORK);
      const back = await here.status();
      if (isFree) expect(back).toMatchObject({ state: 'completed', succeeded: 3 });
      else {
        expect(back).toMatchObject({ state: 'queued', reason: 'approval', pending: 3 });
        // Nor by whoever made the run.
        const own = await here.as('ada', approve(String(back['planFingerprint'])));
        expect(own, own.stderr).toMatchObject({
          exitCode: 2,
          stderr: expect.stringContaining('ada@example.com'),
        });
        expect((await here.as('bob', approve(String(back['planFingerprint'])))).exitCode).toBe(0);
        await here.as('app', WORK);
      }
      expect(here.written()).toBe(6);
    },
    30_000,
  );

  test('apply waits for the other, and --wait gives up with exit 3', async () => {
    const here = await strictSite();
    const gaveUp = await here.as('ada', ['apply', here.changes, '--yes', '--wait', '1s', ...ALLOW_ALL]);
    expect(gaveUp, gaveUp.stderr).toMatchObject({ exitCode: 3 });
    expect(gaveUp.stderr).toContain('waits: somebody else than ada@example.com has to approve its plan');
    expect(here.written()).toBe(0);
    await here.as('ada', ['cancel', '@last']);
    const applying = here.start(['apply', here.changes, '--yes', '--again', ...ALLOW_ALL], {
      env: { RETARGET_ACCESS_TOKEN: here.tokenOf('ada') },
    });
    await applying.said('has to approve its plan');
    const { planFingerprint } = await here.status();
    expect((await here.as('bob', approve(String(planFingerprint)))).exitCode).toBe(0);
    expect(await applying.ended).toMatchObject({ exitCode: 0 });
    expect(here.written()).toBe(3);
  });

  test('are two when an app has submitted', async () => {
    const here = await strictSite();
    expect(await here.as('app', submit(here.changes))).toMatchObject({ exitCode: 0 });
    const { planFingerprint } = await here.status();
    expect((await here.as('ada', approve(String(planFingerprint)))).exitCode).toBe(0);
    expect((await here.as('app', WORK)).exitCode).toBe(0);
    expect(here.written()).toBe(3);
  });

  test('lift the rule, and one of them does not', async () => {
    const here = await strictSite();
    const lift = ['approval', '--lift', '--reason', 'CHG-2'];
    for (const who of ['ada', 'ada'] as const)
      expect((await here.as(who, lift)).stderr).toContain('somebody else gives the same command');
    expect((await here.run(['approval'])).stdout).toContain('approval required');
    expect((await here.as('bob', lift)).stdout).toContain('no approval required');
    const told = (await here.run(['log', '--json'])).stdout;
    for (const words of ['approval required, also for rollbacks', 'asks for: no approval required'])
      expect(told).toContain(words);
    expect(told).toContain('ada@example.com (ada)');
  });
});

describe('nothing is approved by', () => {
  test.each([
    ['ada', 2, 'was made by you'],
    ['app', 2, 'the sign-in used here is an app’s'],
    ['forged', 4, 'Graph does not say that you are who the sign-in says'],
    ['guest', 2, 'The sign-in is for tenant'],
  ] as const)('%s', async (who, exitCode, words) => {
    const here = await strictSite();
    await here.as('ada', submit(here.changes));
    const { planFingerprint, runId } = await here.status();
    const yes = await here.as(who, approve(String(planFingerprint)).with(1, String(runId)));
    expect(yes, yes.stderr).toMatchObject({ exitCode });
    expect(yes.stderr).toContain(words);
    await here.as('app', WORK);
    expect(here.written()).toBe(0);
  });

  test('a fingerprint of something else, of too little, or no reason', async () => {
    const here = await strictSite();
    await here.as('ada', submit(here.changes));
    const plan = String((await here.status())['planFingerprint']);
    const other = plan.replace(/^./, (first) => (first === '0' ? '1' : '0'));
    for (const seen of [other, plan.slice(0, 12), '', plan.slice(1)])
      expect((await here.as('bob', approve(seen))).exitCode, seen).toBe(2);
    for (const argv of [
      ['approve', '@last', '--reason', 'x'],
      ['approve', '@last', '--fingerprint', plan],
      ['approve', '@last', '--fingerprint', plan, '--reason', ' '],
    ])
      expect((await here.as('bob', argv)).exitCode).toBe(2);
    await here.as('app', WORK);
    expect(here.written()).toBe(0);
  });
});

describe('the rule', () => {
  test('is lowered by no flag and no variable, nor by what an app, a forged sign-in or nobody asks for', async () => {
    const here = await strictSite();
    const lift = ['approval', '--lift', '--reason', 'x'];
    for (const who of ['app', 'forged', 'guest'] as const)
      expect((await here.as(who, lift)).exitCode, who).not.toBe(0);
    expect((await here.run(lift)).exitCode).not.toBe(0);
    const lowered = { RETARGET_APPROVAL: 'tenant' };
    expect((await here.as('ada', submit(here.changes), lowered)).exitCode).toBe(0);
    await here.as('ada', WORK, lowered);
    await here.as('ada', ['resume', '@last', '--reason', 'x'], lowered);
    await here.as('ada', ['update', '@last', '--max-failures', 'off'], lowered);
    await here.as('ada', WORK, lowered);
    expect(here.written()).toBe(0);
    expect(await here.status()).toMatchObject({ reason: 'approval' });
  });

  test('refuses what nobody could approve, before anything is queued', async () => {
    const here = await strictSite();
    const unplanned = await here.as('ada', ['submit', '--no-plan', here.changes]);
    expect(unplanned).toMatchObject({ exitCode: 2 });
    expect(unplanned.stderr).toContain('this one has none');
    const plan = `${here.dir}/plan.ndjson`;
    expect((await here.as('ada', ['plan', here.changes, '-o', plan, ...ALLOW_ALL])).exitCode).toBe(0);
    // The plan is sealed here, so it is taken without a look at the tenant: by somebody who only says who he is.
    const forged = await here.as('forged', ['submit', plan, ...ALLOW_ALL]);
    expect(forged.exitCode, forged.stderr).not.toBe(0);
    expect((await here.run(['status', '--json'])).stdout.trim()).toBe('[]');
  });

  test('holds for who submits with a sign-in of which nothing is known later: the maker is kept with the run', async () => {
    const here = await strictSite();
    await here.as('ada', submit(here.changes));
    const client = new Redis(redis.url ?? '');
    const [newest] = await client.zrevrange(keysOf(here.tenant).runs, 0, 0);
    const kept = await client.hget(keysOf(here.tenant).run(newest ?? '').header, 'submitter');
    client.disconnect();
    expect(JSON.parse(kept ?? '')).toEqual({ kind: 'person', oid: guid('ada'), name: 'ada@example.com' });
  });

  test('may be demanded by a worker alone: what its settings file says no variable lowers', async () => {
    const here = await site();
    await here.as('ada', submit(here.changes));
    here.file('.env', 'RETARGET_APPROVAL=required\n');
    await here.as('ada', WORK, { RETARGET_APPROVAL: 'tenant' });
    expect(here.written()).toBe(0);
    const { planFingerprint, reason } = await here.status();
    expect(reason).toBe('approval');
    expect((await here.as('bob', approve(String(planFingerprint)))).exitCode).toBe(0);
    expect((await here.as('ada', WORK)).exitCode).toBe(0);
    expect(here.written()).toBe(3);
  });
});
