import { setTimeout as sleep } from 'node:timers/promises';
import { EXIT, UserError } from '../errors.ts';

/** Longer than LOADING_MAX_MS in embedded.ts: the holder may be starting a server that has much to read. */
const LOCK_WAIT_MAX_MS = 150_000;
const LOCK_PAUSE_MS = 20;
/** Source: sqlite.org/rescode.html */
const SQLITE_BUSY = 5;

/**
 * Does the work while no other process and nobody else in this one does work under the same path. The kernel frees
 * the lock when the holder dies, however it dies. SQLite takes it (fcntl; the file stays empty), as Node has no file
 * locks of its own and the `flock` command is not everywhere.
 * @throws UserError (exit 4) when the lock cannot be had.
 */
export async function withLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  const { DatabaseSync } = loadSqlite();
  const deadline = performance.now() + LOCK_WAIT_MAX_MS;
  let database;
  try {
    database = new DatabaseSync(path);
    while (!tookLock(database)) {
      if (performance.now() > deadline) throw stillHeld(path);
      await sleep(LOCK_PAUSE_MS);
    }
  } catch (error) {
    database?.close();
    throw error instanceof UserError ? error : noLock(path, error);
  }
  try {
    return await work();
  } finally {
    database.close();
  }
}

function tookLock(database: { exec(sql: string): void }): boolean {
  try {
    database.exec('BEGIN EXCLUSIVE');
    return true;
  } catch (error) {
    if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY) return false;
    throw error;
  }
}

/** Node before 24 warns that SQLite is experimental. What is used of it here has been the same since it came. */
function loadSqlite(): typeof import('node:sqlite') {
  const emitWarning = process.emitWarning;
  process.emitWarning = () => {};
  try {
    return process.getBuiltinModule('node:sqlite');
  } finally {
    process.emitWarning = emitWarning;
  }
}

const stillHeld = (path: string): UserError =>
  new UserError('Another retarget command has been starting or stopping the embedded Redis for minutes.', {
    remedy: `See which with \`lsof ${path}\`, end it, then start again.`,
    exitCode: EXIT.environment,
  });

const noLock = (path: string, error: unknown): UserError =>
  new UserError(`Cannot lock ${path}: ${error instanceof Error ? error.message : String(error)}.`, {
    remedy:
      'Set RETARGET_DATA_DIR to a directory on a local disk with free space, or REDIS_URL to a Redis that runs already.',
    exitCode: EXIT.environment,
  });
