import { setMaxListeners } from 'node:events';
import { identify, signIn } from '../../app/identity.ts';
import { isInterrupt } from '../../app/interrupt.ts';
import { workedOnSince } from '../../app/runs/workedOn.ts';
import { openServices, type Services } from '../../app/services.ts';
import { serve } from '../../app/work/serve.ts';
import type { SharedFlags } from '../../config.ts';
import { EXIT, UserError, type ExitCode } from '../../errors.ts';
import { draining, type DrainFlags } from '../draining.ts';
import { numberIn } from '../flags.ts';
import { sharedOptions } from '../sharedFlags.ts';
import { worstExitCode } from '../terminal/runSummary.ts';

interface WorkerFlags extends SharedFlags, DrainFlags {
  readonly untilIdle?: boolean;
  readonly metricsPort?: number;
  readonly metricsHost?: string;
}

export const worker = draining<WorkerFlags>(
  {
    options: (command) =>
      sharedOptions(command)
        .option(
          '--until-idle',
          'end when no run of this tenant has anything left to do, with what became of them',
        )
        .addOption(
          numberIn(
            '--metrics-port <port>',
            'answer /metrics, /healthz and /readyz here; 0: any that is free',
            {
              least: 0,
              most: 65_535,
            },
          ),
        )
        .option(
          '--metrics-host <address>',
          `the address for that, ${METRICS_HOST} otherwise; whoever reaches another one may read the metrics, unless RETARGET_METRICS_TOKEN_FILE is set`,
        ),
    async run(_args, { untilIdle = false, metricsPort, metricsHost, ...flags }, context) {
      if (metricsHost !== undefined && metricsPort === undefined) throw noMetricsPort();
      setMaxListeners(0, context.interrupted);
      try {
        const identity = await signIn(identify(flags, context), context);
        await using services = await openServices(identity, context, 'wait');
        // Runs end by Redis' clock, whatever this machine's shows.
        const workedOn = untilIdle ? await workedOnSince(await services.runs.now(), services) : undefined;
        await using _metrics = await openMetrics(metricsPort, metricsHost, services);
        await serve({ untilIdle }, services);
        return workedOn === undefined ? EXIT.done : worstExitCode(await workedOn.runs());
      } catch (error) {
        if (!isInterrupt(error, context.interrupted)) throw error;
        return interruptedCode({ untilIdle });
      }
    },
  },
  interruptedCode,
);

const METRICS_HOST = '127.0.0.1';

/** The server is loaded by whoever wants it. */
async function openMetrics(
  port: number | undefined,
  host = METRICS_HOST,
  services: Services,
): Promise<AsyncDisposable | undefined> {
  if (port === undefined) return undefined;
  const { openWorkerMetrics } = await import('../../web/metrics/openWorkerMetrics.ts');
  const opened = await openWorkerMetrics({ host, port }, services);
  services.log.info(`Metrics at ${opened.url}/metrics.`);
  return opened;
}

const noMetricsPort = (): UserError =>
  new UserError('--metrics-host says where metrics are told, and nothing says at which port.', {
    remedy: 'Add --metrics-port, as in `retarget worker --metrics-port 9464`.',
    exitCode: EXIT.badInput,
  });

/** A signal is how a worker is meant to end; not one that has yet to end what there is. */
function interruptedCode({ untilIdle = false }: WorkerFlags): ExitCode {
  return untilIdle ? EXIT.interrupted : EXIT.done;
}
