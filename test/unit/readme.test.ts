import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { INPUT_COLUMNS, RESULT_COLUMNS } from '../../src/assignments/rows/columns.ts';
import { kindNamed, KINDS, POLICY_TYPES } from '../../src/assignments/kinds/registry.ts';
import { TARGET_TYPES } from '../../src/assignments/targets/target.ts';
import { runCommand } from '../../src/cli/program.ts';
import { SETTINGS } from '../../src/config.ts';
import { EXIT } from '../../src/errors.ts';
import { CLOUDS } from '../../src/graph/auth/clouds.ts';
import { ACL_RULES } from '../../src/redis/aclUser.ts';
import { REDIS_FILE_SETTINGS } from '../../src/redis/files.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const README = readFileSync(`${ROOT}README.md`, 'utf8');
const FILES_PAGE = readFileSync(`${ROOT}samples/README.md`, 'utf8');
const DOCUMENTS = [
  'README.md',
  'samples/README.md',
  'samples/night/README.md',
  'samples/monitoring/README.md',
  'samples/team/README.md',
  'src/README.md',
  '.github/CHANGELOG.md',
];

/** The rows of the table that begins with this heading, as their cells. */
function table(heading: string, page = README): string[][] {
  const lines = page.split('\n');
  const first = lines.findIndex((line) => line.startsWith(`| ${heading} `));
  const rows = lines.slice(first + 2);
  const end = rows.findIndex((line) => !line.startsWith('|'));
  return rows.slice(0, end).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

const firstCells = (heading: string, page = README): string[] =>
  table(heading, page).map(([cell = '']) => cell);

/** What stands between back quotes. */
const quotedIn = (text: string): string[] => [...text.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);

async function helpText(): Promise<string> {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const exitCode = await runCommand(
    ['--help'],
    {
      ...{ stdout, stderr, stdin: new PassThrough(), env: {}, cwd: ROOT },
      interrupted: new AbortController().signal,
      user: { name: 'test', host: 'test' },
    },
    '0.0.0',
  );
  expect(exitCode).toBe(EXIT.done);
  return String(stdout.read());
}

test('the table of columns has every input column, once', () => {
  expect(firstCells('column', FILES_PAGE).flatMap(quotedIn).toSorted()).toEqual(
    [...INPUT_COLUMNS].toSorted(),
  );
});

test('the table of kinds has every kind of policies, once, with its permission', () => {
  const rows = table('what', FILES_PAGE);
  const types = rows.flatMap(([, type = '']) => quotedIn(type));
  expect(types.toSorted()).toEqual([...POLICY_TYPES].toSorted());
  for (const [, cell = '', , , permission = ''] of rows) {
    const kinds = quotedIn(cell).flatMap((name) => kindNamed(name) ?? []);
    const needed = [...new Set(kinds.map(({ permissions }) => permissions.write.name))];
    const isWritten = kinds.every(({ write }) => write.how !== 'refused');
    if (isWritten) expect(needed).toEqual([`DeviceManagement${permission}.ReadWrite.All`]);
  }
});

test('the page that introduces the kinds counts those that are written, and those that are not', () => {
  const written = KINDS.filter(({ write }) => write.how !== 'refused').length;
  expect(README).toContain(`It changes ${written} kinds of policies`);
  expect([written, KINDS.length - written]).toEqual([22, 7]);
});

test('the table of columns names every kind of target', () => {
  const row = table('column', FILES_PAGE).find(([name]) => name === '`targetType`');
  expect(quotedIn(row?.[1] ?? '')).toEqual([...TARGET_TYPES]);
});

test('the result columns stand in their order', () => {
  const names = quotedIn(FILES_PAGE.slice(FILES_PAGE.indexOf('## Results')).replaceAll('\n', ' '));
  expect(names.slice(0, RESULT_COLUMNS.length)).toEqual([...RESULT_COLUMNS]);
});

test('the table of commands has every command, and no other', async () => {
  const [, commands = ''] = (await helpText()).split('Commands:\n');
  const known = [...commands.matchAll(/^ {2}([a-z]+)\b/gm)].map(([, name]) => name);
  const told = firstCells('command')
    .flatMap(quotedIn)
    .map((usage) => usage.split(' ')[0]);
  expect(known.length).toBeGreaterThan(10);
  expect(told.toSorted()).toEqual(known.toSorted());
});

test('the table of exit codes has every exit code', () => {
  expect(firstCells('exit code').map(Number)).toEqual(Object.values(EXIT));
});

test('the table of settings has every setting, and the clouds', () => {
  const told = firstCells('setting').flatMap(quotedIn);
  expect(told.filter((name) => name.startsWith('RETARGET_')).toSorted()).toEqual(SETTINGS.toSorted());
  const cloud = table('setting').find(([name]) => name === '`RETARGET_CLOUD`');
  expect(quotedIn(cloud?.[1] ?? '')).toEqual(Object.keys(CLOUDS));
});

test('the table of settings has every file for Redis', () => {
  const told = firstCells('setting').flatMap(quotedIn);
  expect(told.filter((name) => /^REDIS_.*_FILE$/.test(name)).toSorted()).toEqual(
    [...REDIS_FILE_SETTINGS].toSorted(),
  );
});

test('the rules for a Redis user are those that suffice, as a shell reads them', () => {
  const [, pasted = ''] = /redis-cli (acl setuser [^`]*?)\n```/.exec(README) ?? [];
  const words = execFileSync('sh', ['-c', `printf '%s\\n' ${pasted}`], { encoding: 'utf8' })
    .trim()
    .split('\n');
  expect(words.slice(0, 5)).toEqual(['acl', 'setuser', 'retarget', 'on', '>PASSWORD']);
  expect(words.slice(5)).toEqual(ACL_RULES.split(' '));
});

test('what can be imported is told, all of it and no more', () => {
  const { name, exports } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')) as {
    name: string;
    exports: Record<string, unknown>;
  };
  const paths = Object.keys(exports).filter((path) => path !== './package.json');
  expect(firstCells('import').flatMap(quotedIn).toSorted()).toEqual(
    paths.map((path) => path.replace('.', name)).toSorted(),
  );
});

test('the first real step is to export, to change cells of columns that there are, and to plan', () => {
  const step = README.slice(README.indexOf('3. Write what is there'), README.indexOf('4. Do it'));
  expect(step).toMatch(
    /retarget export [^\n]*-o present\.csv[\s\S]*in Excel[\s\S]*retarget plan changes\.csv/,
  );
  for (const column of ['groupId', 'action']) {
    expect(step).toContain(column);
    expect(INPUT_COLUMNS).toContain(column);
  }
});

test.each(DOCUMENTS)('every file that %s links to is there', (document) => {
  const folder = new URL(`../../${document}`, import.meta.url);
  const links = [...readFileSync(folder, 'utf8').matchAll(/\]\(([^)#]+)\)/g)].map(([, link = '']) => link);
  const ours = links.filter((link) => !/^https?:/.test(link));
  expect(ours.filter((link) => !existsSync(new URL(link, folder)))).toEqual([]);
});

test('every file that the documentation for developers names is there', () => {
  const text = readFileSync(`${ROOT}src/README.md`, 'utf8');
  const named = quotedIn(text).filter((name) => /^[\w.]+\/[\w./*-]+\.(ts|lua|mjs|json)$/.test(name));
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter((name) => !existsSync(`${ROOT}src/${name}`) && !existsSync(`${ROOT}${name}`))).toEqual(
    [],
  );
});
