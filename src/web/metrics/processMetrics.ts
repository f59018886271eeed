import { collectDefaultMetrics, Gauge, type Registry } from 'prom-client';
import { RECORD_FORMAT } from '../../runs/run.ts';
import { VERSION } from '../../version.ts';

/** Gauges of the library's that are named like counters: Prometheus' own checker complains of them, and each stands by itself under another name. */
const MISNAMED = ['active_handles', 'active_requests', 'active_resources'].map(
  (name) => `nodejs_${name}_total`,
);

/** What every process tells of itself: memory, processor, event loop, and which version it is, as other programs tell theirs. */
export function processMetrics(registry: Registry): void {
  collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
  const info = new Gauge({
    name: 'retarget_build_info',
    help: 'The version of retarget and the format of its record; always 1',
    labelNames: ['version', 'record_format'],
    registers: [registry],
  });
  info.set({ version: VERSION, record_format: RECORD_FORMAT }, 1);
}
