import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SharedFlags } from '../../config.ts';
import { EXIT, type ExitCode } from '../../errors.ts';
import { awaitsSignIn } from '../../queue/pauseRun.ts';
import { hasEnded, type Run } from '../../runs/run.ts';
import { draining, type DrainFlags } from '../draining.ts';
import { workedOn } from '../../app/work/workedOn.ts';
import { isInterrupt, unlessInterrupted } from '../../app/interrupt.ts';
import { identify, sharedOptions, signIn, type Identity } from '../../app/identity.ts';
import { openSession, rememberTenant, type Session } from '../../app/services.ts';
import { noteOfTokenEnd } from '../../app/tokenExpiry.ts';
import { stopInWords, whyNotTaken } from '../../app/runs/whyWaiting.ts';
import { openWorker } from '../../app/work/work.ts';

/** How often a worker that ends when idle looks whether it is. */
const IDLE_CHECK_MS = 500;
/** How often a worker looks for runs that it does not take, to say so. */
const LEFT_ALONE_CHECK_MS = 60_000;
/** How often it looks whether the tenant is stopped. */
const STOP_CHECK_MS = 2_000;

interface WorkerFlags extends SharedFlags, DrainFlags {
  readonly untilIdle?: boolean;
}

export const worker = draining<WorkerFlags>(
  {
    options: (command) =>
      sharedOptions(command).option(
        '--until-idle',
        'end when no run of this tenant has anything left to do, with what became of them',
      ),
    async run(_args, flags, context) {
      const startedAt = Date.now();
      let exitCode: ExitCode = EXIT.done;
      setMaxListeners(0, context.interrupted);
      try {
        const identity = await signIn(identify(flags, context), context);
        await using session = await openSession(identity, context, 'wait');
        await rememberTenant(session);
        const note = noteOfTokenEnd(identity, Date.now());
        if (note !== undefined) session.log.warn(note);
        await using working = await openWorker(session, context);
        const { tenant, pace, config } = identity;
        session.log.info(
          `Working for tenant ${tenant} at ${config.graphUrl}, up to ${pace.writesPerWindow} writes in ${pace.windowMs / 1000} s.`,
        );
        context.interrupted.addEventListener(
          'abort',
          () => session.log.info('Finishing what is in flight; a second signal leaves at once.'),
          { once: true },
        );
        const worked = flags.untilIdle ? await workedOn(session, startedAt) : undefined;
        const told = new Set<string>();
        // A run that goes on when the sign-in works again has something left to do, if there is a sign-in that may. Idle is asked
        // a second time, as it may have gone on between the two questions.
        const isDone = async (): Promise<boolean> =>
          (await working.isIdle()) &&
          (identity.isReadyToken || (!(await working.awaitsSignIn()) && (await working.isIdle())));
        const isWanted = async (): Promise<boolean> => !(flags.untilIdle && (await isDone()));
        const stop = new ToldStop(session);
        let nextLookAt = 0;
        // Redis may be away, and then its answers wait for it; a signal must not.
        while (await unlessInterrupted(isWanted(), context.interrupted)) {
          await unlessInterrupted(stop.tell(), context.interrupted);
          if (performance.now() >= nextLookAt) {
            await unlessInterrupted(tellLeftAlone(session, told), context.interrupted);
            nextLookAt = performance.now() + LEFT_ALONE_CHECK_MS;
          }
          const pauseMs = flags.untilIdle ? IDLE_CHECK_MS : STOP_CHECK_MS;
          await sleep(pauseMs, undefined, { signal: context.interrupted });
        }
        // What is left behind, and may have come to rest since it was told last.
        await stop.tell();
        await tellLeftAlone(session, told);
        // A signal is how a worker is meant to end, also this one.
        if (worked !== undefined && !context.interrupted.aborted) exitCode = await worked.exitCode();
      } catch (error) {
        if (!isInterrupt(error, context.interrupted)) throw error;
      }
      return exitCode;
    },
  },
  EXIT.done,
);

/** Says of each open run that workers like this one leave alone why they do, once. */
async function tellLeftAlone({ runs, identity, log }: Session, told: Set<string>): Promise<void> {
  for (const run of await runs.runs()) {
    const why = whyLeftAlone(run, identity);
    const what = `${run.runId} ${why}`;
    if (why === undefined || told.has(what)) continue;
    told.add(what);
    log.warn(`Run ${run.runId} is left alone. It is ${why}.`);
  }
}

function whyLeftAlone(run: Run, { config, hint }: Identity): string | undefined {
  if (hasEnded(run)) return undefined;
  const notTaken = whyNotTaken(run, config);
  if (notTaken !== undefined || run.state !== 'paused' || awaitsSignIn(run)) return notTaken?.reasonText;
  return `paused (${run.reasonText}); it goes on with \`${hint(`resume ${run.runId}`)}\``;
}

/** Says when the tenant is stopped, and when it goes on. */
class ToldStop {
  readonly #session: Session;
  #toldAt: number | undefined;

  constructor(session: Session) {
    this.#session = session;
  }

  async tell(): Promise<void> {
    const { runs, identity, log } = this.#session;
    const stop = await runs.stopped();
    if (stop?.at === this.#toldAt) return;
    this.#toldAt = stop?.at;
    if (stop === undefined) log.info('The tenant goes on.');
    else log.warn(`The tenant ${stopInWords(stop, identity.hint)}.`);
  }
}
