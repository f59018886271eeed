import {
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { FileReplacement } from '../../../src/formats/fileReplacement.ts';

function directory(): string {
  const dir = mkdtempSync(join(tmpdir(), 'retarget-file-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

async function written(path: string, ...texts: string[]): Promise<void> {
  await using file = await FileReplacement.open(path, 'anything');
  for (const text of texts) await file.append(text);
  await file.end();
}

test('a new file is for its owner only', async () => {
  const path = join(directory(), 'out.csv');
  await written(path, 'a', 'b');
  expect(readFileSync(path, 'utf8')).toBe('ab');
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test('a file that is replaced keeps its mode, and whoever has it open keeps what he reads', async () => {
  const dir = directory();
  const path = join(dir, 'out.csv');
  writeFileSync(path, 'old');
  chmodSync(path, 0o640);
  linkSync(path, join(dir, 'kept.csv'));
  await written(path, 'new');
  expect(readFileSync(path, 'utf8')).toBe('new');
  expect(statSync(path).mode & 0o777).toBe(0o640);
  expect(readFileSync(join(dir, 'kept.csv'), 'utf8')).toBe('old');
});

test('what is given up half-way leaves what was there, and nothing else', async () => {
  const dir = directory();
  const path = join(dir, 'out.csv');
  writeFileSync(path, 'old');
  {
    await using file = await FileReplacement.open(path, 'anything');
    await file.append('half of the n');
    expect(readFileSync(path, 'utf8')).toBe('old');
  }
  expect(readFileSync(path, 'utf8')).toBe('old');
  expect(readdirSync(dir)).toEqual(['out.csv']);
});

test('a symbolic link is not followed, wherever it leads', async () => {
  const dir = directory();
  writeFileSync(join(dir, 'precious'), 'old');
  for (const target of ['precious', 'nowhere', '/dev/null']) {
    const path = join(dir, `to-${target.replaceAll('/', '')}`);
    symlinkSync(target, path);
    await expect(FileReplacement.open(path, 'anything')).rejects.toMatchObject({
      code: 'ELOOP',
      syscall: 'open',
    });
  }
  expect(readFileSync(join(dir, 'precious'), 'utf8')).toBe('old');
});

test('a device is written as it is, or refused where a file is wanted', async () => {
  await written('/dev/null', 'text');
  expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
  await expect(FileReplacement.open('/dev/null', 'files')).rejects.toMatchObject({ syscall: 'open' });
  await expect(written('/dev/full', 'text')).rejects.toMatchObject({ code: 'ENOSPC', syscall: 'write' });
});

test('what can not be begun says so, and leaves nothing', async () => {
  const dir = directory();
  mkdirSync(join(dir, 'sub'));
  for (const path of [join(dir, 'sub'), join(dir, 'no', 'out.csv')])
    await expect(FileReplacement.open(path, 'anything')).rejects.toMatchObject({ syscall: 'open' });
  expect(readdirSync(dir)).toEqual(['sub']);
});

test.skipIf(process.getuid?.() === 0)('a file that may not be written is not replaced', async () => {
  const path = join(directory(), 'out.csv');
  writeFileSync(path, 'old');
  chmodSync(path, 0o400);
  await expect(FileReplacement.open(path, 'anything')).rejects.toMatchObject({
    code: 'EACCES',
    syscall: 'open',
  });
});
