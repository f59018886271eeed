import { expect, test } from 'vitest';
import { createEvents, type TracedRequest } from '../../../../src/events.ts';
import { workerMetrics } from '../../../../src/web/metrics/workerMetrics.ts';

const request = (status: number | undefined): TracedRequest => ({
  ...{ method: 'GET', path: '/deviceManagement', status, lost: undefined, requestId: undefined },
  ...{ clientRequestId: 'c', tookMs: 1 },
});

test('a worker counts its writes by what Graph answered, and each 429 once', async () => {
  const events = createEvents();
  const { registry } = workerMetrics('north', events);
  events.emit('written', 'devices', 'succeeded');
  events.emit('written', 'devices', 'succeeded');
  events.emit('written', 'devices', 'throttled');
  for (const status of [200, 429, undefined, 429]) events.emit('request', request(status));
  const text = await registry.metrics();
  expect(text).toContain('retarget_writes_total{tenant="north",family="devices",outcome="succeeded"} 2\n');
  expect(text).toContain('retarget_writes_total{tenant="north",family="devices",outcome="throttled"} 1\n');
  expect(text).toContain('retarget_throttled_total{tenant="north"} 2\n');
  expect(text).toContain('# TYPE retarget_writes_total counter');
});

test('its counters are there before the first write, so that a rate sees it', async () => {
  const { registry } = workerMetrics('north', createEvents());
  const text = await registry.metrics();
  expect(text).toContain(
    'retarget_writes_total{tenant="north",family="deviceConfiguration",outcome="succeeded"} 0\n',
  );
  expect(text).toContain('retarget_throttled_total{tenant="north"} 0\n');
});
