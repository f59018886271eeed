import fastify from 'fastify';
import { metricsTokenFile, workerReadiness } from '../../app/metrics/readiness.ts';
import type { Services } from '../../app/services.ts';
import { EXIT, UserError } from '../../errors.ts';
import { machineRoutes } from './machineRoutes.ts';
import { workerMetrics } from './workerMetrics.ts';

/** Where a worker tells how it is. */
export interface MetricsAddress {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
}

export interface OpenMetrics extends AsyncDisposable {
  readonly url: string;
}

/**
 * Answers `/metrics`, `/healthz` and `/readyz` of a worker until it is disposed of.
 * @throws UserError (exit 2) when nothing can listen there
 */
export async function openWorkerMetrics(
  { host, port }: MetricsAddress,
  services: Services,
): Promise<OpenMetrics> {
  const { identity, events, redactor } = services;
  let graphAway: string | undefined;
  events.on('graphReach', (reach) => {
    graphAway = reach.isReached ? undefined : redactor.redacted(reach.message);
  });
  const app = fastify({ forceCloseConnections: true, requestTimeout: 30_000 });
  machineRoutes(app, {
    metrics: workerMetrics(identity.tenant, events),
    readiness: () => workerReadiness({ graphAway }, services),
    tokenFile: metricsTokenFile(services),
    isOpen: !LOOPBACK_HOSTS.has(host),
  });
  try {
    const url = await app.listen({ host, port });
    return { url, [Symbol.asyncDispose]: () => app.close() };
  } catch (error) {
    await app.close();
    throw new UserError(
      `Metrics can't be told at ${host}:${port}: ${error instanceof Error ? error.message : String(error)}.`,
      {
        remedy: 'Give another --metrics-port (0 for any that is free), or a --metrics-host of this machine.',
        exitCode: EXIT.badInput,
      },
    );
  }
}

const LOOPBACK_HOSTS: ReadonlySet<string> = new Set(['127.0.0.1', '::1', 'localhost']);
