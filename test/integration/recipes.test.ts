import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { bench } from '../support/cli.ts';
import type { TenantSeed } from '../../src/simulator/tenantFile.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';

const RECIPES = fileURLToPath(new URL('../../samples/recipes/', import.meta.url));
const PAGE = readFileSync(join(RECIPES, 'README.md'), 'utf8');
const TENANT = JSON.parse(readFileSync(join(RECIPES, 'tenant.json'), 'utf8')) as TenantSeed & {
  settings: { groups: readonly { id: string; displayName: string }[] };
};

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

/** The commands of each job, by its heading. */
const COMMANDS = new Map(
  PAGE.split(/^## /m)
    .slice(1)
    .map((section): [string, string] => [
      section.split('\n', 1)[0] ?? '',
      /```sh\n([^`]*)```/.exec(section)?.[1] ?? '',
    ]),
);

/** Who gets the policies that a job has changed, in words: `+` before who is new, `-` before who is gone. */
const JOBS: Readonly<Record<string, readonly string[]>> = {
  'Change what is there: export, edit, plan': ['macOS - Wi-Fi: -GRP-Finance'],
  'Move policies from group to group, by a list of names': [
    'WIN - BitLocker: -GRP-Pilot +GRP-Production',
    'WIN - Printers Köln: -GRP-Pilot +GRP-Production',
  ],
  'Swap a group everywhere but the kiosks': [
    'WIN - BitLocker: -GRP-Pilot +GRP-Production',
    'WIN - Compliance: -GRP-Pilot +GRP-Production',
    'WIN - Edge: -GRP-Pilot +GRP-Production',
    'WIN - Printers Köln: -GRP-Pilot +GRP-Production',
    'iOS - Restrictions: -GRP-Pilot +GRP-Production',
  ],
  'Exclude a group from some policies': ['WIN - Update ring: +not GRP-Kiosks'],
  'A template of IntuneAssistant': [
    'WIN - Edge: -GRP-Pilot +GRP-Production where Corporate Windows',
    'iOS - PIN: -GRP-Production +GRP-Finance',
  ],
  "What another tool's export lists: add it, or take it away": ['WIN - Kiosk lock screen: -GRP-Pilot'],
  'Assignments as Graph shows them, edited': ['iOS - Wi-Fi: -GRP-Finance +GRP-Pilot'],
  'A backup of another tenant': ['Android - Wi-Fi: +GRP-Production'],
  'Assign what nobody gets': ['Android - VPN: +GRP-Finance'],
  'Keep the whole tenant, and bring it back': [],
  'Take it back': [],
};

test('each job has its recipe, and what becomes of it is known', () => {
  expect([...COMMANDS.keys()]).toEqual(Object.keys(JOBS));
});

const named = (id: unknown): string =>
  [...TENANT.settings.groups, ...(TENANT.filters ?? [])].find((each) => each.id === id)?.displayName ?? '';

function audiences(simulator: Simulator): ReadonlyMap<string, readonly string[]> {
  return new Map(
    simulator.snapshot().policies.map(({ displayName = '', assignments }) => [
      displayName,
      assignments.map(({ target }) => {
        const shown = target as Record<string, unknown>;
        const filter = named(shown['deviceAndAppManagementAssignmentFilterId']);
        const not = String(shown['@odata.type']).includes('exclusion') ? 'not ' : '';
        return `${not}${named(shown['groupId'])}${filter === '' ? '' : ` where ${filter}`}`;
      }),
    ]),
  );
}

/** The words of a command line, as a shell takes the quotes off. */
const wordsOf = (line: string): string[] =>
  [...line.matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g)].map(([word]) =>
    word.replace(/'([^']*)'|"([^"]*)"/g, '$1$2'),
  );

describe('a recipe does what its heading says, typed as it stands', () => {
  test.each([...COMMANDS])('%s', async (job, commands) => {
    const here = await bench(redis.url, { tenant: TENANT });
    const { simulator } = here;
    cpSync(RECIPES, here.dir, { recursive: true });
    const before = audiences(simulator);
    for (const line of commands.trim().split('\n')) {
      const words = wordsOf(line);
      if (line.startsWith('npx retarget ')) {
        const [name = '', ...more] = words.slice(2);
        // With the yes of whoever is asked.
        const isAsked = ['apply', 'rollback', 'restore'].includes(name) && !more.includes('--dry-run');
        const yes = isAsked ? ['--yes'] : [];
        const { exitCode, stderr } = await here.run([name, ...more, ...yes]);
        expect(exitCode, `${line}\n${stderr}`).toBe(0);
      } else execFileSync('sh', ['-eu', '-c', line], { cwd: here.dir });
    }
    const changes = [...audiences(simulator)].flatMap(([policy, after]) => {
      const was = before.get(policy) ?? [];
      const gone = was.filter((each) => !after.includes(each)).map((each) => `-${each}`);
      const come = after.filter((each) => !was.includes(each)).map((each) => `+${each}`);
      return gone.length + come.length === 0 ? [] : [`${policy}: ${[...gone, ...come].join(' ')}`];
    });
    expect(changes.toSorted()).toEqual(JOBS[job]);
  });
});

test('the rows that the README shows do what they say', async () => {
  const readme = readFileSync(fileURLToPath(new URL('../../README.md', import.meta.url)), 'utf8');
  const [, rows = ''] = /```csv\n([^`]*)```/.exec(readme) ?? [];
  const here = await bench(redis.url, { tenant: TENANT });
  writeFileSync(join(here.dir, 'changes.csv'), rows);
  const before = audiences(here.simulator);
  const { stderr, exitCode } = await here.run(['apply', 'changes.csv', '--yes']);
  expect(exitCode, stderr).toBe(0);
  const after = audiences(here.simulator);
  expect([...after].filter(([policy, gets]) => String(before.get(policy)) !== String(gets))).toEqual([
    ['WIN - BitLocker', ['GRP-Production']],
    ['WIN - Kiosk lock screen', ['GRP-Kiosks']],
    ['WIN - Compliance', ['GRP-Pilot', 'GRP-Finance where Corporate Windows']],
  ]);
});
