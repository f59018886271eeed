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
const inBatch = (request: object): string => JSON.stringify({ requests: [request] });
const patch = (more: object): string =>
  inBatch({
    id: '1',
    method: 'PATCH',
    url: '/deviceManagement/deviceConfigurations/c1/assignments/a1',
    headers: { 'Content-Type': 'application/json' },
    body: { target: { '@odata.type': '#microsoft.graph.groupAssignmentTarget', groupId: G7 } },
    ...more,
  });
const row = (more: object): string =>
  JSON.stringify([
    {
      policyType: 'deviceConfiguration',
      policyId: 'c1',
      assignmentId: 'a1',
      targetType: 'group',
      groupId: G7,
      ...more,
    },
  ]);

interface Malformed {
  readonly what: string;
  readonly name?: string;
  readonly content: string | Uint8Array;
  /** Where it is wrong: `line:column`, or the line alone where the column is the file's own affair. */
  readonly at: string;
  readonly says: RegExp;
}

const MALFORMED: readonly Malformed[] = [
  {
    what: 'a mistyped header',
    content: lines(HEAD.replace('filterId', 'filtrId'), GOOD),
    at: '1:6',
    says: /filterId/i,
  },
  {
    what: 'a repeated header',
    content: lines(`${HEAD},Group ID`, `${GOOD},g8`),
    at: '1:8',
    says: /groupId/i,
  },
  { what: 'an unknown header', content: lines(`${HEAD},colour`, `${GOOD},red`), at: '1:8', says: /colour/ },
  {
    what: 'an unknown policy type',
    content: lines(HEAD, GOOD.replace('deviceConfiguration', 'deviceConfigration')),
    at: '2:1',
    says: /did you mean "deviceConfiguration"/i,
  },
  {
    what: 'an unknown target type',
    content: lines(HEAD, GOOD.replace(',group,', ',grp,')),
    at: '2:4',
    says: /targetType/i,
  },
  {
    what: 'the abstract target',
    content: lines(HEAD, GOOD.replace(',group,', ',deviceAndAppManagementAssignmentTarget,')),
    at: '2:4',
    says: /abstract/i,
  },
  {
    what: 'a missing policy id',
    content: lines(HEAD, GOOD.replace(',c1,', ',,')),
    at: '2:',
    says: /policyId is missing/i,
  },
  {
    what: 'a missing assignment id',
    content: lines(HEAD, GOOD.replace(',a1,', ',,')),
    at: '2:',
    says: /assignmentId is missing/i,
  },
  {
    what: 'a missing group',
    content: lines(HEAD, GOOD.replace(G7, '')),
    at: '2:',
    says: /needs groupId/i,
  },
  {
    what: 'an id with a slash',
    content: lines(HEAD, GOOD.replace(',c1,', ',c1/assign,')),
    at: '2:2',
    says: /c1\/assign/i,
  },
  {
    what: 'an id that steps out',
    content: lines(HEAD, GOOD.replace(',a1,', ',..,')),
    at: '2:3',
    says: /step out/i,
  },
  { what: 'an escaped id', content: lines(HEAD, GOOD.replace(',a1,', ',a%2F1,')), at: '2:3', says: /%/ },
  {
    what: 'a group for all devices',
    content: lines(HEAD, GOOD.replace(',group,', ',allDevices,')),
    at: '2:5',
    says: /takes no groupId/i,
  },
  {
    what: 'a filter without its kind',
    content: lines(HEAD, GOOD.replace(',,', `,${guid('f1')},`)),
    at: '2:',
    says: /filterType/i,
  },
  {
    what: 'a filter on an exclusion',
    content: lines(HEAD, `deviceConfiguration,c1,a1,exclusionGroup,${G7},${guid('f1')},include`),
    at: '2:',
    says: /takes no filter/i,
  },
  {
    what: 'contradicting rows',
    content: lines(HEAD, GOOD, `deviceConfigurations,C1,A1,group,${guid('g8')},,`),
    at: '3:',
    says: /line 2 wants something else/i,
  },
  {
    what: 'an open quote',
    content: lines(HEAD, GOOD, `"deviceConfiguration,c1,a2,group,${G7},,`),
    at: '3:1',
    says: /never closed/i,
  },
  { what: 'a short row', content: lines(HEAD, 'deviceConfiguration,c1,a1'), at: '2:', says: /3 cells/ },
  { what: 'a long row', content: lines(HEAD, `${GOOD},,`), at: '2:', says: /9 cells/ },
  {
    what: 'a zero width space in a name of a column',
    content: lines(`${HEAD}\u200b`, GOOD),
    at: '1:7',
    says: /"filterType\\u200b"\. It holds an invisible character, U\+200B \(zero width space\), as its character 11\..*Did you mean filterType\?/,
  },
  {
    what: 'a right-to-left mark in a word',
    content: lines(HEAD, GOOD.replace(',group,', ',gr\u200foup,')),
    at: '2:4',
    says: /"gr\\u200foup" is no targetType/,
  },
  {
    what: 'a soft hyphen in an id',
    content: lines(HEAD, GOOD.replace(',a1,', ',a\u00ad1,')),
    at: '2:3',
    says: /"a\\u00ad1" holds an invisible character, U\+00AD \(soft hyphen\), as its character 2/,
  },
  {
    what: 'a zero width space before a GUID',
    content: lines(HEAD, GOOD.replace(G7, `\u200b${G7}`)),
    at: '2:5',
    says: /holds an invisible character, U\+200B/,
  },
  { what: 'a NUL', content: lines(HEAD, GOOD.replace(G7, 'g\u00007')), at: '2:', says: /./ },
  {
    what: 'Latin-1',
    content: Buffer.from(lines(`${HEAD},note`, `${GOOD},Zürich`), 'latin1'),
    at: '2:',
    says: /UTF-8/i,
  },
  {
    what: 'UTF-16',
    content: Buffer.from(`\uFEFF${lines(HEAD, GOOD)}`, 'utf16le'),
    at: '1:',
    says: /UTF-(8|16)/i,
  },
  { what: 'an empty file', content: '', at: '1:', says: /no rows|empty/i },
  { what: 'a header alone', content: lines(HEAD), at: '1:', says: /no rows/ },
  { what: 'a line of 10 MB', content: lines(HEAD, 'x'.repeat(10_000_000)), at: '2:', says: /longer than/ },
  {
    what: 'a cell of 500 kB',
    content: lines(HEAD, GOOD.replace(G7, 'g'.repeat(500_000))),
    at: '2:5',
    says: /500000 characters/i,
  },
  {
    what: 'a URL of another host',
    content: lines(
      'url,targetType',
      'https://evil.example/beta/deviceManagement/deviceConfigurations/c1/assignments/a1,allDevices',
    ),
    at: '2:1',
    says: /not under/i,
  },
  {
    what: 'a URL of another form',
    content: lines('url,targetType', '/deviceManagement/deviceConfigurations/c1/assign,allDevices'),
    at: '2:1',
    says: /none of the forms/i,
  },
  {
    what: 'a URL and an id',
    content: lines(
      'url,policyId,targetType',
      '/deviceManagement/deviceConfigurations/c1/assignments/a1,c1,allDevices',
    ),
    at: '2:2',
    says: /both/i,
  },
  { what: 'a way there is not', content: lines(`${HEAD},via`, `${GOOD},assign`), at: '2:8', says: /via|way/ },
  {
    what: 'intent of a compliance policy',
    content: lines(`${HEAD},intent`, `deviceCompliancePolicy,p1,a5,group,${G7},,,remove`),
    at: '2:8',
    says: /no intent/i,
  },
  {
    what: 'source of a configuration',
    content: lines(`${HEAD},source`, `${GOOD},direct`),
    at: '2:8',
    says: /read-only/i,
  },
  {
    what: 'an action other than set',
    content: lines(`${HEAD},action`, `${GOOD},remove`),
    at: '2:8',
    says: /action/i,
  },
  { what: 'broken JSON', name: 'x.json', content: '[{"policyId": "c1",]', at: '1:', says: /./ },
  { what: 'JSON that is no list', name: 'x.json', content: '"policyId"', at: '1:', says: /./ },
  { what: 'a JSON list of texts', name: 'x.json', content: '["c1"]', at: '1:', says: /./ },
  {
    what: 'a JSON key twice',
    name: 'x.json',
    content: row({}).replace('"groupId"', '"groupId":"g8","groupId"'),
    at: '1:',
    says: /groupId/i,
  },
  {
    what: 'a prototype key',
    name: 'x.json',
    content: row({}).replace('{"policyType"', '{"__proto__":{"groupId":"g9"},"policyType"'),
    at: '1:',
    says: /__proto__/i,
  },
  {
    what: 'an unknown JSON key',
    name: 'x.json',
    content: row({ constructor: 'x' }),
    at: '1:',
    says: /constructor/i,
  },
  {
    what: 'a broken NDJSON line',
    name: 'x.ndjson',
    content: `${row({}).slice(1, -1)}\n{"policyId":\n`,
    at: '2:',
    says: /./i,
  },
  {
    what: 'DELETE in a saved batch',
    name: 'x.json',
    content: patch({ method: 'DELETE' }),
    at: '1:',
    says: /PATCH/i,
  },
  {
    what: 'another collection in a saved batch',
    name: 'x.json',
    content: patch({ url: '/deviceManagement/deviceConfigurations/c1' }),
    at: '1:',
    says: /none of the forms/i,
  },
  {
    what: 'the abstract target in a saved batch',
    name: 'x.json',
    content: patch({
      body: { target: { '@odata.type': '#microsoft.graph.deviceAndAppManagementAssignmentTarget' } },
    }),
    at: '1:',
    says: /abstract/i,
  },
  {
    what: 'a body without target',
    name: 'x.json',
    content: patch({ body: { intent: 'apply' } }),
    at: '1:',
    says: /target/i,
  },
];

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
  test('there are at least 40 kinds of it', () => {
    expect(MALFORMED.length).toBeGreaterThanOrEqual(40);
  });

  test.each(MALFORMED)('$what', async ({ name = 'x.csv', content, at, says }) => {
    const here = await bench(redis.url, { tenant: SMALL_TENANT });
    const file = here.file(name, content);
    const ran = await here.run(['apply', file, '--yes']);
    await expectRefused(here, ran);
    const problem = ran.stderr.split('\n').find((line) => line.startsWith(`${file}:${at}`)) ?? ran.stderr;
    expect(problem).toMatch(says);
    // Place, what is wrong, what to write; of a size that can be read.
    expect(problem).toMatch(/^\S+:\d+:\d+( [\w\\ ]+)?: .+[.?:] \S.+/);
    expect(problem.length).toBeLessThan(1_500);
    expect(ran.stderr).toMatch(/has \d+ problems?; nothing was queued\.\n {2}Correct/);
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

  test('the first 1,000 problems are shown, and the number of all', async () => {
    const here = await bench(redis.url);
    const file = here.file(
      'x.csv',
      lines(HEAD, ...Array.from({ length: 1_200 }, () => GOOD.replace(G7, ''))),
    );
    const ran = await here.run(['plan', file]);
    await expectRefused(here, ran);
    expect(ran.stderr.split('\n').filter((line) => line.startsWith(file))).toHaveLength(1_000);
    expect(ran.stderr).toContain('… and 200 more problems.');
    expect(ran.stderr).toContain('has 1,200 problems');
  });

  test('what a cell holds cannot steer the terminal', async () => {
    const here = await bench(redis.url);
    const file = here.file('x.csv', lines(HEAD, GOOD.replace(',group,', ',"\u001b[2Jgroup\nfake",')));
    const { stderr } = await here.run(['plan', file]);
    expect(stderr).not.toContain('\u001b');
    expect(stderr).not.toMatch(/^fake/m);
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
