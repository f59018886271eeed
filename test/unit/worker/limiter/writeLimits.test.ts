import { expect, test } from 'vitest';
import type { Family } from '../../../../src/assignments/kinds/family.ts';
import { paceFor, paceOf } from '../../../../src/worker/limiter/pace.ts';
import { writeLimitsFrom } from '../../../../src/worker/limiter/writeLimits.ts';

const limitIn = (family: Family, setting: string): number => {
  const limits = writeLimitsFrom(setting);
  return 'remedy' in limits
    ? expect.fail(limits.remedy)
    : paceFor(family, paceOf(limits, 20_000)).writesPerWindow;
};

test('unset, each family has the limit that is known of it', () => {
  const pace = paceOf({ families: {} }, 20_000);
  expect(paceFor('devices', pace)).toMatchObject({ writesPerWindow: 200, requestsPerWindow: 2_000 });
  expect(paceFor('applications', pace)).toMatchObject({ writesPerWindow: 100, requestsPerWindow: 1_000 });
});

test('one number is for every family, a named one for itself, whatever the order and the spelling', () => {
  expect(limitIn('devices', '50')).toBe(50);
  expect(limitIn('devices', '50, devices=150')).toBe(150);
  expect(limitIn('applications', 'Devices = 150 , 50')).toBe(50);
  expect(limitIn('deviceConfigurationV2', 'device-configuration-v2=7')).toBe(7);
  expect(limitIn('updates', 'devices=150')).toBe(100);
});

test.each(['', '0', '1e3', 'devices', 'devices=', '10,', '-5', '1000001', 'device=5'])(
  '%j is no limit, and what to write is said',
  (setting) => {
    expect(writeLimitsFrom(setting)).toMatchObject({ remedy: expect.stringContaining('family=number') });
  },
);
