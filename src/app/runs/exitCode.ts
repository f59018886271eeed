import { EXIT, type ExitCode } from '../../errors.ts';
import { awaitsSignIn, type Run } from '../../runs/run.ts';

/** What a run means to the shell, of which no more than this need be known. */
export type RunEnding = Pick<Run, 'state' | 'reason' | 'leftOut'> & {
  readonly counts: Pick<Run['counts'], 'failed' | 'stale' | 'awaitingApproval' | 'unsure'>;
};

/** Rows that did not come through, as far as anybody knows. */
const leftUndone = ({ failed, stale, awaitingApproval, unsure }: RunEnding['counts']): number =>
  failed + stale + awaitingApproval + unsure;

/** @param isInterrupted a signal has ended whoever worked on it */
export function exitCodeOf(run: RunEnding, isInterrupted: boolean): ExitCode {
  switch (run.state) {
    case 'completed':
      return leftUndone(run.counts) + run.leftOut > 0 ? EXIT.someRowsFailed : EXIT.done;
    case 'cancelled':
    case 'aborted':
      return EXIT.stoppedEarly;
    case 'paused':
      if (isInterrupted) return EXIT.interrupted;
      return awaitsSignIn(run) ? EXIT.environment : EXIT.stoppedEarly;
    case 'loading':
    case 'queued':
    case 'running':
      return EXIT.interrupted;
  }
}
