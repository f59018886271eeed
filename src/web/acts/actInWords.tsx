import type { VNode } from 'preact';
import type { SeenRun } from '../../app/runs/overview.ts';
import { baseName, count, duration } from '../../app/words.ts';
import { visible } from '../../assignments/values/visible.ts';
import type { Stop } from '../../runs/runReader.ts';
import type { Act } from './act.ts';

/** What is known of a run when somebody is about to do something with it. */
export interface ActSurroundings {
  readonly seen: SeenRun;
  /** Runs that wait behind it. */
  readonly behind: readonly SeenRun[];
  readonly stop: Stop | undefined;
  readonly hasWorkers: boolean;
}

/** What an act will do, in words and numbers: a sentence each. */
export function actInWords(act: Act, around: ActSurroundings): readonly (string | VNode)[] {
  switch (act) {
    case 'pause':
      return pauseInWords(around);
    case 'resume':
      return resumeInWords(around);
    case 'approve':
      return approveInWords(around);
  }
}

function pauseInWords({ seen: { status }, behind }: ActSurroundings): string[] {
  const [next] = behind;
  return [
    `Nothing more of this run is sent: ${count(status.pending, 'row')} of ${status.total.toLocaleString('en-US')} ${status.pending === 1 ? 'waits' : 'wait'} until somebody resumes it.`,
    status.inDoubt > 0
      ? `What is in flight comes to its end: ${count(status.inDoubt, 'row')} ${status.inDoubt === 1 ? 'is' : 'are'} sent already.`
      : 'Nothing of it is in flight.',
    `What is written stays written: ${count(status.succeeded, 'row')}.`,
    ...(next === undefined
      ? []
      : [
          `The next in line may begin: ${visible(baseName(next.status.source.name))} of ${visible(next.status.operator)}, ${count(next.status.total, 'row')}.`,
        ]),
  ];
}

function resumeInWords({ seen, stop, hasWorkers }: ActSurroundings): string[] {
  const { status, run } = seen;
  const isOver = run.finishedAt !== null && run.state === 'completed';
  const rows = isOver ? status.awaitingApproval : status.pending;
  const budget = Math.max(1, Math.min(status.limiter.budget, status.writesPerWindow ?? Infinity));
  return [
    isOver
      ? `${count(rows, 'row')} that ${rows === 1 ? 'awaits' : 'await'} approval ${rows === 1 ? 'is' : 'are'} sent again.`
      : `${count(rows, 'row')} of ${status.total.toLocaleString('en-US')} ${rows === 1 ? 'is' : 'are'} left, and ${rows === 1 ? 'goes' : 'go'} on.`,
    `Each is read before it is written: what is so already is skipped, and what somebody has changed since the plan is not touched.`,
    `The tenant takes ${count(budget, 'write')} a window now.`,
    ...(status.reasonText === null ? [] : [`What stopped it: ${visible(status.reasonText)}.`]),
    ...(stop === undefined ? [] : ['The whole tenant is stopped: nothing is sent until that ends, too.']),
    ...(hasWorkers ? [] : ['No worker is there: nothing is sent until one is started.']),
  ];
}

function approveInWords({ seen: { run, status }, stop, hasWorkers }: ActSurroundings): string[] {
  const findings = Object.entries(run.approved?.findings ?? {});
  const left = status.etaSeconds;
  return [
    `${count(status.total, 'row')} of ${visible(baseName(status.source.name))} may be written then, as its plan says and not otherwise.`,
    findings.length === 0
      ? 'The guard found nothing in it, or nobody recorded what.'
      : `The guard found, and somebody allowed: ${findings.map(([kind, n]) => `${kind} ${n.toLocaleString('en-US')}`).join(', ')}.`,
    ...(left === null ? [] : [`It takes about ${duration(left)}.`]),
    ...(stop === undefined ? [] : ['The whole tenant is stopped: nothing is sent until that ends, too.']),
    ...(hasWorkers ? [] : ['No worker is there: nothing is sent until one is started.']),
  ];
}
