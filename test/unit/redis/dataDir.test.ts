import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { defaultDataDir, openDataDir } from '../../../src/redis/dataDir.ts';

const HOME = '/home/ann';

test.each([
  [{ HOME }, 'linux', '/home/ann/.local/share/retarget'],
  [{ HOME, XDG_DATA_HOME: '/data' }, 'linux', '/data/retarget'],
  [{ HOME, XDG_DATA_HOME: 'data' }, 'linux', '/home/ann/.local/share/retarget'],
  [{ HOME, XDG_DATA_HOME: '' }, 'linux', '/home/ann/.local/share/retarget'],
  [{ HOME, XDG_DATA_HOME: '/data' }, 'darwin', '/home/ann/Library/Application Support/retarget'],
  [{ HOME, XDG_DATA_HOME: '/data', RETARGET_DATA_DIR: '/srv/retarget' }, 'linux', '/srv/retarget'],
  [{ HOME, RETARGET_DATA_DIR: ' ' }, 'linux', '/home/ann/.local/share/retarget'],
] as const)('with %o on %s the data is in %s', (env, platform, expected) => {
  expect(defaultDataDir(env, platform)).toBe(expected);
});

test('two names of one directory are one place, with one lock', () => {
  const folder = mkdtempSync(join(tmpdir(), 'retarget-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'real'));
  symlinkSync('real', join(folder, 'other'));
  const [real, other] = [openDataDir(join(folder, 'real')), openDataDir(join(folder, 'other'))];
  expect(other.lockFile).toBe(real.lockFile);
  expect(other.socketPath).toBe(real.socketPath);
});

test('a directory that cannot be made is told with what to do', () => {
  expect(() => openDataDir('/dev/null/retarget')).toThrow(
    expect.objectContaining({
      exitCode: 4,
      message: expect.stringContaining('/dev/null/retarget'),
      remedy: expect.stringContaining('RETARGET_DATA_DIR'),
    }),
  );
});
