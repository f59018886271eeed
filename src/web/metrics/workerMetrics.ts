import { Counter, Registry } from 'prom-client';
import { MAIN_FAMILY } from '../../assignments/kinds/family.ts';
import { WRITE_OUTCOMES } from '../../assignments/changes/outcome.ts';
import type { Events } from '../../events.ts';
import type { Metrics } from './metrics.ts';
import { processMetrics } from './processMetrics.ts';

const TOO_MANY_REQUESTS = 429;

/**
 * What one worker has done since it began, fed by its events: nothing of it is in Redis, so that workers may be summed. Its counters begin
 * with 0 when it begins, as counters do.
 */
export function workerMetrics(tenant: string, events: Events): Metrics {
  const registry = new Registry();
  processMetrics(registry);
  const writes = new Counter({
    name: 'retarget_writes_total',
    help: 'Writes that this worker has sent, by throttle family and by what Graph answered',
    labelNames: ['tenant', 'family', 'outcome'],
    registers: [registry],
  });
  const throttled = new Counter({
    name: 'retarget_throttled_total',
    help: 'Requests of this worker that Graph has answered with 429, reads among them',
    labelNames: ['tenant'],
    registers: [registry],
  });
  // A rate needs the 0 before the first one.
  throttled.inc({ tenant }, 0);
  for (const outcome of WRITE_OUTCOMES) writes.inc({ tenant, family: MAIN_FAMILY, outcome }, 0);
  events.on('written', (family, outcome) => writes.inc({ tenant, family, outcome }));
  events.on('request', ({ status }) => {
    if (status === TOO_MANY_REQUESTS) throttled.inc({ tenant });
  });
  return { registry, refresh: () => Promise.resolve() };
}
