import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { format } from 'prettier';
import { describe, expect, onTestFinished, test } from 'vitest';
import { COMMANDS } from '../../src/cli/program.ts';
import { readNotifyFile } from '../../src/notify/notifyFile.ts';

const NIGHT = fileURLToPath(new URL('../../samples/night/', import.meta.url));
const FILES = readdirSync(NIGHT);
const read = (name: string): string => readFileSync(join(NIGHT, name), 'utf8');
const ending = (...ends: readonly string[]): string[] =>
  FILES.filter((name) => ends.some((end) => name.endsWith(end)));

function directory(): string {
  const dir = mkdtempSync(join(tmpdir(), 'retarget-night-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  return dir;
}

/** Command lines of `retarget` in a text, without its name: as a shell has them, and as a list of arguments. */
function commandLines(text: string): string[][] {
  const code = text.replace(/^\s*#.*$/gm, '');
  const typed = [...code.matchAll(/(?:npx |\/|\s|\()retarget ([a-z][^\n|;)`]*?)(?= 2>|\)|\||`|$)/gm)].map(
    ([, words = '']) => words.trim().split(/\s+/),
  );
  const listed = [...code.matchAll(/^ *args: \[(.*)\]$/gm)].map(([, list = '']) =>
    list.split(', ').map((word) => word.replaceAll("'", '')),
  );
  return [...typed, ...listed];
}

/** What commander has against a command line; undefined: nothing. */
async function refusal([name = '', ...words]: readonly string[]): Promise<string | undefined> {
  const entry = COMMANDS[name];
  if (entry === undefined) return `there is no command ${name}`;
  const command = new Command()
    .command(`${name} ${entry.usage}`.trim())
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  (await entry.load()).options(command);
  command.action(() => undefined);
  try {
    command.parse([...words], { from: 'user' });
    return undefined;
  } catch (error) {
    return String(error);
  }
}

test('every command line of retarget in them is one that there is', async () => {
  const lines = FILES.flatMap((name) => commandLines(read(name)));
  expect(lines.length).toBeGreaterThan(8);
  const refused = await Promise.all(lines.map(async (line) => [line.join(' '), await refusal(line)]));
  expect(refused.filter(([, why]) => why !== undefined)).toEqual([]);
});

test('that would be found out', async () => {
  expect(commandLines(`cd /x && said=$(retarget status --chek 2>&1) || echo "$said"`)).toEqual([
    ['status', '--chek'],
  ]);
  expect(await refusal(['status', '--chek'])).toContain('--chek');
  expect(await refusal(['wurker'])).toBe('there is no command wurker');
});

test('its page names each of them', () => {
  const page = read('README.md');
  expect(FILES.filter((name) => name !== 'README.md' && !page.includes(`(${name})`))).toEqual([]);
});

test('its channels can be read', () => {
  const path = join(directory(), 'notify.json');
  writeFileSync(path, read('notify.json'));
  expect(readNotifyFile(path, true)).toMatchObject({ byDefault: ['ops'] });
});

test('those of its page can, too', () => {
  const [, json = ''] = /## Who is told[\s\S]*?```json\n([\s\S]*?)```/.exec(read('README.md')) ?? [];
  const path = join(directory(), 'notify.json');
  writeFileSync(path, json);
  expect([...(readNotifyFile(path, true)?.channels.keys() ?? [])]).toEqual(['ops', 'team', 'mail', 'alive']);
});

describe('YAML', () => {
  test.each(ending('.yaml', '.yml'))('is what %s is', async (name) => {
    await expect(format(read(name), { parser: 'yaml' })).resolves.toMatch(/^(apiVersion|name): /m);
    await expect(format(`${read(name)}\n  - x: [`, { parser: 'yaml' })).rejects.toThrow(/./);
  });

  test('that asks for secrets has them in files, or of the pipeline, and never in itself', () => {
    for (const name of ending('.yaml', '.yml')) {
      const secrets = [...read(name).matchAll(/^.*(?:SECRET|PASSWORD).*$/gm)].map(([line]) => line);
      expect(secrets.length, name).toBeGreaterThan(0);
      expect(
        secrets.filter((line) => !/\$\{\{ secrets\.\w+ \}\}|_FILE, value: \/run\/secrets\//.test(line)),
      ).toEqual([]);
    }
  });
});

describe('the crontab', () => {
  const jobs = read('crontab')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#') && !/^\w+=/.test(line));

  test('has five fields of time before each command, and no percent sign, which would end it', () => {
    expect(jobs).toHaveLength(2);
    for (const job of jobs) expect(job).toMatch(/^(?:[\d*/,-]+ ){4}[\d*/,-]+ {2}\S[^%]*$/);
  });

  test('has commands that a shell understands', () => {
    for (const job of jobs) {
      const [, line = ''] = /^(?:\S+ ){4}\S+ {2}(.*)$/.exec(job) ?? [];
      expect(spawnSync('sh', ['-n', '-c', line])).toMatchObject({ status: 0 });
    }
    expect(spawnSync('sh', ['-n', '-c', 'x=$(true'])).not.toMatchObject({ status: 0 });
  });
});

const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0;

describe.skipIf(!hasSystemd)('systemd', () => {
  /** The units as they would be installed, with a command that there is. */
  function units(change: (text: string) => string = (text) => text): string[] {
    const dir = directory();
    const command = join(dir, 'retarget');
    writeFileSync(command, '#!/bin/sh\n');
    chmodSync(command, 0o755);
    return ending('.service', '.timer').map((name) => {
      const path = join(dir, name);
      writeFileSync(path, change(read(name).replaceAll('/usr/local/bin/retarget', command)));
      return path;
    });
  }
  const verify = (paths: readonly string[]) =>
    spawnSync('systemd-analyze', ['verify', '--man=no', ...paths], { encoding: 'utf8' });
  /** What it says of these units; it looks at others of the machine as well. */
  const faults = (paths: readonly string[]): string[] =>
    verify(paths)
      .stderr.split('\n')
      .filter((line) => line.includes('retarget'));

  test('has nothing against the units', () => {
    expect(units()).toHaveLength(3);
    expect(faults(units())).toEqual([]);
    expect(faults(units((text) => text.replace('KillMode=mixed', 'KilMode=mixed')))).not.toEqual([]);
  });

  test('knows the time of the timer', () => {
    const [, at = ''] = /^OnCalendar=(.*)$/m.exec(read('retarget-night.timer')) ?? [];
    expect(execFileSync('systemd-analyze', ['calendar', at], { encoding: 'utf8' })).toContain('22:00:00');
  });
});
