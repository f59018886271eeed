import { familyFacts, type Family } from '../../assignments/kinds/family.ts';
import type { RunStatus } from '../../runs/progress.ts';
import type { Printer } from './print.ts';
import { backoffInWords } from '../../app/limiterInWords.ts';
import { duration } from '../../app/words.ts';
import { barLine } from './barLine.ts';
import { keptInShort } from '../../app/runs/keptInShort.ts';
import { timeLeft } from '../../app/runs/timeLeft.ts';

/** Lines of progress where no bar can be drawn: one at each tenth, and at least one a minute. */
const LINE_EVERY_MS = 60_000;

export interface ProgressDisplay {
  update(status: RunStatus, isLast: boolean): void;
  stop(): void;
}

/** A live bar on a terminal, plain lines elsewhere. */
export const showProgress = (print: Printer): ProgressDisplay =>
  print.footColumns() === undefined ? lines(print) : bar(print);

const done = (status: RunStatus): number => status.total - status.pending;
const shareOf = (status: RunStatus): number => (status.total === 0 ? 1 : done(status) / status.total);
const number = (n: number): string => n.toLocaleString('en-US');

/** Of several families the others go on. */
const whoWaits = (family: Family | undefined): string =>
  family === undefined ? 'waits' : `${familyFacts(family).label} waits`;

/** What matters most stands first: a narrow terminal cuts the end off. */
function facts(status: RunStatus): string {
  const {
    succeeded,
    skipped,
    failed,
    stale,
    awaitingApproval,
    unsure,
    throttled,
    ratePerSecond,
    limiter,
    state,
  } = status;
  const left = timeLeft(status);
  const isRunning = state === 'running';
  const kept = keptInShort(status);
  const slowest = status.families.find((each) => each.limiter === limiter)?.family;
  const wait = limiter.backoffUntil === null ? 0 : (Date.parse(limiter.backoffUntil) - Date.now()) / 1000;
  const some = (n: number, what: string): string[] => (n > 0 ? [`${number(n)} ${what}`] : []);
  return [
    `${Math.floor(shareOf(status) * 100)}% ${number(done(status))}/${number(status.total)}`,
    ...(isRunning ? [] : [state]),
    ...(kept === undefined ? [] : [kept]),
    ...(limiter.budget < limiter.limit && isRunning ? [`budget ${limiter.budget} of ${limiter.limit}`] : []),
    ...(wait > 0 && isRunning
      ? [`${backoffInWords(limiter.backoffReason)}, ${whoWaits(slowest)} ${duration(Math.ceil(wait))}`]
      : []),
    ...(left === undefined ? [] : [left]),
    ...(ratePerSecond === null || ratePerSecond === 0 || kept !== undefined
      ? []
      : [`${ratePerSecond.toFixed(1)} rows/s`]),
    `${number(succeeded)} succeeded`,
    ...some(skipped, 'skipped'),
    ...some(failed, 'failed'),
    ...some(stale, 'stale'),
    ...some(awaitingApproval, 'awaiting approval'),
    ...some(unsure, 'unsure'),
    ...some(throttled, 'throttled'),
  ].join(' · ');
}

/** The families of a run with several that have rows to go: what each has done of its own. */
const byFamily = ({ families }: RunStatus): string =>
  families
    .filter(({ pending }) => pending > 0)
    .map(
      ({ family, total, pending }) =>
        ` · ${familyFacts(family).label} ${number(total - pending)}/${number(total)}`,
    )
    .join('');

function bar(print: Printer): ProgressDisplay {
  return {
    update(status) {
      const columns = print.footColumns() ?? 0;
      print.foot(barLine(shareOf(status), facts(status), columns, byFamily(status)));
    },
    stop: () => print.foot(undefined),
  };
}

function lines(print: Printer): ProgressDisplay {
  let tenth = -1;
  let saidAt = 0;
  return {
    update(status, isLast) {
      const now = Date.now();
      const reached = Math.floor(shareOf(status) * 10);
      if (reached === tenth && now - saidAt < LINE_EVERY_MS && !isLast) return;
      tenth = reached;
      saidAt = now;
      print.say(`${facts(status)}${byFamily(status)}`);
    },
    stop() {},
  };
}
