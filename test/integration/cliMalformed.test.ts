import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { guid } from '../support/guid.ts';
import { bench, csv, type Bench } from '../support/cli.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';
import { SMALL_TENANT } from '../support/simulatorClient.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

const HEAD = 'policyType,policyId,assignmentId,targetType,groupId,filterId,filterType';
const G7 = guid('g7');
const GOOD = `deviceConfiguration,c1,a1,group,${G7},,`;
const lines = (...rows: string[]): string => `${rows.join('\n')}\n`;

/** Nothing was sent, nothing is left in Redis, and what was said is for a person. */
async function expectRefused(
  here: Bench,
  ran: { exitCode: number; stdout: string; stderr: string },
): Promise<void> {
  expect(ran).toMatchObject({ exitCode: 2, stdout: '' });
  expect(ran.stderr).not.toMatch(/^\s+at |node:internal|bug:/m);
  expect(here.simulator.stats()).toMatchObject({ envelopes: 0, singles: 0 });
  const status = await here.run(['status', '--json']);
  expect(status).toMatchObject({ exitCode: 0, stdout: '[]\n' });
}

describe('a malformed file is refused with line and remedy, and nothing is sent or left', () => {
  // All that a file can be wrong in, and what is said of it: test/unit/cli/terminal/problems.test.ts.
  test('when one row has a problem', async () => {
    const here = await bench(redis.url, { tenant: SMALL_TENANT });
    const file = here.file('x.csv', lines(HEAD, GOOD.replace(',c1,', ',,')));
    const ran = await here.run(['apply', file, '--yes']);
    await expectRefused(here, ran);
    expect(ran.stderr).toContain(`${file}:2:2 policyId: policyId is missing`);
    expect(ran.stderr).toMatch(/has 1 problem( in \d+ of \d+ rows?)?; nothing was queued\.\n {2}Correct/);
  });

  test('also when it comes from stdin', async () => {
    const here = await bench(redis.url);
    const ran = await here.run(['submit', '--no-plan', '-'], {
      stdin: lines(HEAD, GOOD.replace(',c1,', ',,')),
    });
    await expectRefused(here, ran);
    expect(ran.stderr).toContain('-:2:2 policyId: policyId is missing');
  });

  test('also when a signal comes while stdin is waited for', async () => {
    const here = await bench(redis.url);
    const running = here.start(['submit', '--no-plan', '-'], { stdin: new Readable({ read() {} }) });
    running.interrupt('SIGINT');
    const ran = await running.ended;
    expect(ran).toMatchObject({ exitCode: 130, stdout: '' });
    expect((await here.run(['status', '--json'])).stdout).toBe('[]\n');
  });
});

describe('--skip-invalid', () => {
  const row = (
    policyId: string,
    assignmentId: string,
    more: Record<string, string> = {},
  ): Record<string, string> => ({
    policyType: 'deviceConfiguration',
    policyId,
    assignmentId,
    targetType: 'group',
    groupId: 'new',
    ...more,
  });

  test('leaves out every row of a policy that has a problem row, and takes the others', async () => {
    const here = await bench(redis.url, { tenant: SMALL_TENANT });
    const file = here.file(
      'x.csv',
      csv([
        row('c1', 'a1'),
        row('C1', 'a2', { groupId: '' }),
        row('c2', 'a3'),
        row('c1', '', { groupId: 'x' }),
      ]),
    );
    const ran = await here.run(['apply', file, '--yes', '--skip-invalid', '--json']);
    expect(ran.exitCode).toBe(1);
    expect(ran.stderr).toContain('Left out: 3 rows of 1 policy with problems.');
    expect(JSON.parse(ran.stdout)).toMatchObject({ total: 1, succeeded: 1, failed: 0 });
    expect(Object.keys(here.simulator.stats().writesPerAssignment)).toEqual([
      '/deviceManagement/deviceConfigurations/c2/assignments/a3',
    ]);
  });

  test('leaves out both of two contradicting rows', async () => {
    const here = await bench(redis.url, { tenant: SMALL_TENANT });
    const file = here.file(
      'x.csv',
      csv([row('c1', 'a1'), row('c2', 'a3'), row('c1', 'a1', { groupId: 'other' })]),
    );
    const ran = await here.run(['submit', '--no-plan', file, '--skip-invalid']);
    expect(ran.exitCode).toBe(1);
    expect(ran.stderr).toContain('Left out: 2 rows of 1 policy with problems.');
  });

  test.each([
    ['its policy id is missing', csv([row('c1', 'a1'), row('', 'a2')])],
    ['its cells may stand under wrong names', `${csv([row('c1', 'a1')])}deviceConfiguration,c1,a2,group\n`],
  ])('refuses the file when nobody can tell the policy of a problem row: %s', async (_, content) => {
    const here = await bench(redis.url, { tenant: SMALL_TENANT });
    const ran = await here.run(['apply', here.file('x.csv', content), '--yes', '--skip-invalid']);
    await expectRefused(here, ran);
    expect(ran.stderr).toContain('Correct line 3 and start again: it does not tell its policy');
  });

  test('refuses a file that is broken as a whole, and one of which nothing would be left', async () => {
    const here = await bench(redis.url, { tenant: SMALL_TENANT });
    const broken = await here.run([
      'submit',
      here.file('x.csv', lines(`${HEAD},colour`, `${GOOD},red`)),
      '--skip-invalid',
    ]);
    await expectRefused(here, broken);
    expect(broken.stderr).toContain('this is about the file as a whole');
    const nothing = await here.run([
      'submit',
      here.file('y.csv', csv([row('c1', 'a1', { groupId: '' })])),
      '--skip-invalid',
    ]);
    await expectRefused(here, nothing);
  });
});
