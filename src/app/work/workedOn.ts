import { EXIT, type ExitCode } from '../../errors.ts';
import { hasEnded, type Run } from '../../runs/run.ts';
import type { Session } from '../services.ts';
import { whyNotTaken } from '../runs/whyWaiting.ts';
import { exitCodeOf } from './work.ts';

/** The worst first: what is left to a person, then what was left undone, then what went wrong. */
const BY_URGENCY: readonly ExitCode[] = [EXIT.environment, EXIT.stoppedEarly, EXIT.someRowsFailed];

/** The runs that a worker is about, from its start until nothing is left to do. */
export interface WorkedOn {
  /** What the worker ends with, by the worst that became of any of them. */
  exitCode(): Promise<ExitCode>;
}

export async function workedOn({ runs, identity }: Session, startedAt: number): Promise<WorkedOn> {
  const isOpen = (run: Run): boolean => !hasEnded(run);
  const openAtStart = new Set((await runs.runs()).filter(isOpen).map(({ runId }) => runId));
  return {
    async exitCode() {
      const codes = (await runs.runs())
        .filter(
          (run) => openAtStart.has(run.runId) || isOpen(run) || (run.finishedAt ?? Infinity) >= startedAt,
        )
        .filter((run) => whyNotTaken(run, identity.config) === undefined)
        .map((run) => exitCodeWhenIdle(run));
      return BY_URGENCY.find((code) => codes.includes(code)) ?? EXIT.done;
    },
  };
}

/** One that is open with nothing left to do stands still, as under a stop of its tenant. */
function exitCodeWhenIdle(run: Run): ExitCode {
  const code = exitCodeOf(run, { interrupted: NOBODY });
  return code === EXIT.interrupted ? EXIT.stoppedEarly : code;
}

const NOBODY = new AbortController().signal;
