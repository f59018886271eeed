import { expect, test } from 'vitest';
import { latencyCheck } from '../../../../src/app/doctor/redisDiagnosis.ts';

test.each([
  [100, 'ok'],
  [101, 'warning'],
])('a Redis that answers after %d ms is %s', (latencyMs, status) => {
  expect(latencyCheck({ latencyMs })).toMatchObject({ status });
});
