import type { FastifyInstance } from 'fastify';
import { metricsTokenFile, redisReadiness } from '../../app/metrics/readiness.ts';
import type { Services } from '../../app/services.ts';
import { machineRoutes } from './machineRoutes.ts';
import { serverMetrics } from './serverMetrics.ts';

/** What machines ask a server of pages for. */
export const serverRoutes = (app: FastifyInstance, services: Services): void =>
  machineRoutes(app, {
    ...{ metrics: serverMetrics(services), readiness: () => redisReadiness(services) },
    // Pages have a sign-in of their own: that they are open to others says nothing of the metrics.
    ...{ tokenFile: metricsTokenFile(services), isOpen: false },
  });
