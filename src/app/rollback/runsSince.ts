import { EXIT, UserError } from '../../errors.ts';
import { hasEnded, RECORD_FORMAT, type Run } from '../../runs/run.ts';
import type { Services } from '../services.ts';

/** The runs of a tenant that have begun since a moment, as they are to be taken back. */
export interface RunsSince {
  /** The newest first. Runs that only take back others of them are not among them: with those they have done their part. */
  readonly runs: readonly Run[];
  /** What takes one of them back and has not ended: it goes on before anything else does. */
  readonly underWay: readonly Run[];
  /** Without before-images there is nothing to go back to. */
  readonly blind: readonly Run[];
  /** They began before, and went on after that moment: they stay. */
  readonly earlier: readonly Run[];
}

/**
 * @param since ms since the epoch
 * @throws UserError (exit 2) while others of them have not ended, or were recorded by another version
 */
export async function runsSince(
  since: number,
  { runs, identity }: Pick<Services, 'runs' | 'identity'>,
): Promise<RunsSince> {
  const all = (await runs.runs()).filter(({ state }) => state !== 'loading');
  const recent = all.filter((run) => beganAt(run) >= since);
  const ids = new Set(recent.map(({ runId }) => runId));
  const takesBack = ({ options: { revertOf } }: Run): boolean => revertOf !== null && ids.has(revertOf);
  const foreign = recent.find(({ format }) => format !== RECORD_FORMAT);
  if (foreign !== undefined) throw ofOtherVersion(foreign);
  const open = recent.filter((run) => !hasEnded(run));
  const [first, ...others] = open.filter((run) => !takesBack(run));
  if (first !== undefined) throw notEnded([first, ...others], identity.hint);
  const ended = recent.filter(
    (run) => hasEnded(run) && !takesBack(run) && run.written + run.counts.unsure > 0,
  );
  return {
    runs: ended.filter(({ blind }) => !blind).toSorted((a, b) => beganAt(b) - beganAt(a)),
    underWay: open.toSorted((a, b) => a.createdAt - b.createdAt),
    blind: ended.filter(({ blind }) => blind),
    earlier: all.filter((run) => beganAt(run) < since && (run.lastProgressAt ?? 0) >= since),
  };
}

/** One that has not begun may do so at any moment. */
const beganAt = ({ startedAt, createdAt }: Run): number => startedAt ?? createdAt;

const notEnded = (open: readonly Run[], hint: (words: string) => string): UserError =>
  new UserError(
    `${open.map(({ runId, state }) => `${runId} (${state})`).join(', ')}: not ended, and would go on while others are taken back.`,
    {
      remedy: `Cancel it first with \`${hint(`cancel ${open[0]?.runId ?? ''}`)}\`, or let it end; then give the same command again. Nothing was changed.`,
      exitCode: EXIT.badInput,
    },
  );

const ofOtherVersion = ({ runId, format }: Run): UserError =>
  new UserError(`Run ${runId} was recorded by another version of retarget (format ${format}).`, {
    remedy: 'Take it back with the version that made it, or give a later --since.',
    exitCode: EXIT.badInput,
  });
