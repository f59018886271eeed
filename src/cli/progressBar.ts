import { SingleBar } from 'cli-progress';
import type { RunStatus } from '../runs/progress.ts';
import type { Context } from './context.ts';
import { duration } from './print.ts';

/** Lines of progress where no bar can be drawn: one at each tenth, and at least one a minute. */
const LINE_EVERY_MS = 60_000;

export interface ProgressDisplay {
  update(status: RunStatus, isLast: boolean): void;
  stop(): void;
}

/** A live bar on a terminal, plain lines elsewhere. */
export const showProgress = (context: Context): ProgressDisplay =>
  context.stderr.isTTY && context.env['TERM'] !== 'dumb' && !context.env['NO_COLOR']
    ? bar(context)
    : lines(context);

const done = (status: RunStatus): number => status.total - status.pending;

function facts(status: RunStatus): string {
  const { succeeded, skipped, failed, stale, throttled, ratePerSecond, etaSeconds, ledger, state } = status;
  const wait = ledger.holdUntil === null ? 0 : (Date.parse(ledger.holdUntil) - Date.now()) / 1000;
  return [
    `${succeeded} done`,
    `${skipped} skipped`,
    `${failed + stale} failed`,
    `${throttled} throttled`,
    ...(ratePerSecond === null ? [] : [`${ratePerSecond.toFixed(1)} rows/s`]),
    ...(state === 'running' ? [] : [state]),
    ...(wait > 0 && state === 'running'
      ? [`${ledger.holdReason ?? 'held'}, waits ${duration(Math.ceil(wait))}`]
      : []),
    ...(etaSeconds === null ? [] : [`${duration(etaSeconds)} left`]),
  ].join(' · ');
}

function bar({ stderr }: Context): ProgressDisplay {
  const display = new SingleBar({
    stream: stderr as NodeJS.WritableStream,
    format: '{bar} {percentage}% {value}/{total} · {facts}',
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: Math.max(10, Math.min(30, (stderr.columns ?? 80) - 90)),
    hideCursor: true,
    clearOnComplete: false,
    linewrap: false,
    gracefulExit: false,
  });
  let isStarted = false;
  return {
    update(status) {
      if (!isStarted) display.start(status.total, done(status), { facts: facts(status) });
      isStarted = true;
      display.update(done(status), { facts: facts(status) });
    },
    stop() {
      if (isStarted) display.stop();
    },
  };
}

function lines({ print }: Context): ProgressDisplay {
  let tenth = -1;
  let saidAt = 0;
  return {
    update(status, isLast) {
      const share = status.total === 0 ? 1 : done(status) / status.total;
      const now = Date.now();
      if (Math.floor(share * 10) === tenth && now - saidAt < LINE_EVERY_MS && !isLast) return;
      tenth = Math.floor(share * 10);
      saidAt = now;
      print.say(`${Math.floor(share * 100)}% ${done(status)}/${status.total} · ${facts(status)}`);
    },
    stop() {},
  };
}
