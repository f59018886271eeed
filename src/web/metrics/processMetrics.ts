import { collectDefaultMetrics, type Registry } from 'prom-client';

/** Sums of gauges of theirs by kind, called as counters are, which Prometheus' own check complains of. */
const MISCALLED = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
];

/** What the library tells of this process and of Node. */
export function processMetrics(registry: Registry): void {
  collectDefaultMetrics({ register: registry });
  for (const name of MISCALLED) registry.removeSingleMetric(name);
}
