import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test, vi } from 'vitest';
import { withLock } from '../../src/redis/lock.ts';

vi.setConfig({ testTimeout: 30_000 });

test('two of one process do not work at the same time', async () => {
  const path = lockPath();
  let inside = 0;
  let insideMax = 0;
  const work = async (): Promise<void> => {
    insideMax = Math.max(insideMax, ++inside);
    await setImmediate();
    inside--;
  };
  await Promise.all([withLock(path, work), withLock(path, work), withLock(path, work)]);
  expect(insideMax).toBe(1);
});

test('the lock of a process that is killed is free', async () => {
  const path = lockPath();
  const script = fileURLToPath(new URL('../support/lockHolder.ts', import.meta.url));
  const holder = spawn(process.execPath, [script, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void holder.kill('SIGKILL'));
  await once(holder.stdout, 'data');
  let isMine = false;
  const mine = withLock(path, async () => {
    isMine = true;
  });
  await setImmediate();
  expect(isMine).toBe(false);
  holder.kill('SIGKILL');
  await mine;
  expect(isMine).toBe(true);
});

test('the lock is free again after work that failed', async () => {
  const path = lockPath();
  await expect(withLock(path, () => Promise.reject(new Error('no luck')))).rejects.toThrow('no luck');
  expect(await withLock(path, () => Promise.resolve('mine'))).toBe('mine');
});

test('a place where nothing can be locked is told with what to do', async () => {
  const nowhere = join(lockPath(), 'no', 'such', 'place');
  await expect(withLock(nowhere, () => Promise.resolve())).rejects.toMatchObject({
    exitCode: 4,
    remedy: expect.stringContaining('RETARGET_DATA_DIR'),
  });
});

function lockPath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'retarget-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, 'lock.db');
}
