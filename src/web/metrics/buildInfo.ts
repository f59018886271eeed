import { Gauge, type Registry } from 'prom-client';
import { RECORD_FORMAT } from '../../runs/run.ts';
import { VERSION } from '../../version.ts';

/** Which version it is, as other programs tell theirs: 1, with labels. */
export function buildInfo(registry: Registry): void {
  const info = new Gauge({
    name: 'retarget_build_info',
    help: 'The version of retarget and the format of its record; always 1',
    labelNames: ['version', 'record_format'],
    registers: [registry],
  });
  info.set({ version: VERSION, record_format: RECORD_FORMAT }, 1);
}
