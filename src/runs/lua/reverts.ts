import type { Keys } from '../keys.ts';
import type { Scripts } from './scripts.ts';

/** Has a run taken back at a time; null: not at all. False when the run is gone. */
export async function setRevert(
  scripts: Scripts,
  keys: Keys,
  runId: string,
  revertAt: number | null,
): Promise<boolean> {
  const [isSet] = await scripts.run('setRevert', [keys.run(runId).header], { revertAt });
  return String(isSet) === '1';
}

/** Records that a run whose time has come leaves nothing to take back. False when that time is another one by now, or it has moved since it had moved so often. */
export async function markReverted(
  scripts: Scripts,
  keys: Keys,
  runId: string,
  left: number,
  moves: number,
): Promise<boolean> {
  const [isMarked] = await scripts.run('markReverted', [keys.run(runId).header], { left, moves });
  return String(isMarked) === '1';
}
