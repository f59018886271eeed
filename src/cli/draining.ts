import { setMaxListeners } from 'node:events';
import { EXIT, type ExitCode } from '../errors.ts';
import type { CliCommand } from './context.ts';
import { numberIn } from './flags.ts';

/** How long a command may take to end after the first signal: what Kubernetes gives a container by default. */
const DRAIN_TIMEOUT_S = 30;
const DRAIN_TIMEOUT_MIN_S = 0.001;
const DRAIN_TIMEOUT_MAX_S = 86_400;
/** The part of that time that is kept for the end itself: closing Redis, stopping the embedded one … */
const CLOSING_SHARE = 1 / 4;
/** … which needs no more than this. */
const CLOSING_MAX_MS = 3_000;

export interface DrainFlags {
  /** Seconds; undefined: DRAIN_TIMEOUT_S. */
  readonly drainTimeout?: number;
}

/**
 * A command that works: after the first signal it finishes what is in flight, and ends at the latest when its
 * `--drain-timeout` is over, with `exitCode`, whatever still hangs. `breakOff` of its context tells it in time to let go.
 */
export const draining = <Flags extends DrainFlags>(
  command: CliCommand<Flags>,
  exitCode: (flags: Flags) => ExitCode = () => EXIT.interrupted,
): CliCommand<Flags> => ({
  options(commander) {
    command.options(commander);
    commander.addOption(
      numberIn(
        '--drain-timeout <seconds>',
        'how long a signal waits for what is in flight',
        { least: DRAIN_TIMEOUT_MIN_S, most: DRAIN_TIMEOUT_MAX_S, fraction: true, of: 'seconds' },
        DRAIN_TIMEOUT_S,
      ),
    );
  },
  async run(args, flags, context) {
    const { interrupted } = context;
    const limitMs = (flags.drainTimeout ?? DRAIN_TIMEOUT_S) * 1000;
    const closingMs = Math.min(CLOSING_MAX_MS, limitMs * CLOSING_SHARE);
    const breakOff = new AbortController();
    const late = Promise.withResolvers<ExitCode>();
    const timers: NodeJS.Timeout[] = [];
    const onSignal = (): void => {
      timers.push(
        setTimeout(() => breakOff.abort(), limitMs - closingMs),
        setTimeout(() => late.resolve(exitCode(flags)), limitMs),
      );
    };
    setMaxListeners(0, interrupted);
    interrupted.addEventListener('abort', onSignal, { once: true });
    if (interrupted.aborted) onSignal();
    try {
      return await Promise.race([
        command.run(args, flags, { ...context, breakOff: breakOff.signal }),
        late.promise,
      ]);
    } finally {
      interrupted.removeEventListener('abort', onSignal);
      for (const timer of timers) clearTimeout(timer);
    }
  },
});
