import { expect, test } from 'vitest';
import { changedSettings, DEFAULT_SETTINGS, type SettingsChange } from '../../../src/simulator/settings.ts';
import { CONFIGURATION, familyOf } from '../../../src/simulator/throttleFamilies.ts';
import { createThrottle, type Throttle } from '../../../src/simulator/throttle.ts';

const throttleWith = (change: SettingsChange): Throttle => {
  const settings = changedSettings(DEFAULT_SETTINGS, { windowMs: 1_000, ...change });
  return createThrottle(() => settings, 0);
};
/** How many of `tries` requests at one moment are let through. */
const admitted = (throttle: Throttle, app: string, isWrite: boolean, atMs: number, tries = 20): number =>
  Array.from({ length: tries }, () => throttle.ask(app, isWrite, atMs)).filter((each) => each.admitted)
    .length;

test('each app has a limit of its own', () => {
  const throttle = throttleWith({ writeLimit: 3 });
  expect(['a', 'b', 'a'].map((app) => admitted(throttle, app, true, 0))).toEqual([3, 3, 0]);
});

test('writes count as requests, reads do not count as writes', () => {
  const throttle = throttleWith({ writeLimit: 3, requestLimit: 5 });
  expect(admitted(throttle, 'a', true, 0)).toBe(3);
  expect(admitted(throttle, 'a', false, 0)).toBe(2);
  expect(throttle.ask('a', false, 0)).toEqual({ admitted: false, waitMs: 1_000, scope: 'requests' });
});

test('the limit that keeps one longest is named', () => {
  const throttle = throttleWith({ writeLimit: 1, requestLimit: 2 });
  throttle.ask('a', true, 0);
  throttle.ask('a', false, 600);
  expect(throttle.ask('a', true, 700)).toEqual({ admitted: false, waitMs: 300, scope: 'writes' });
});

test('refused requests count or not, as is wanted', () => {
  const left = (countRefused: boolean): number => {
    const throttle = throttleWith({ writeLimit: 3, countRefused });
    admitted(throttle, 'a', true, 0);
    admitted(throttle, 'a', true, 500);
    return admitted(throttle, 'a', true, 1_001);
  };
  expect([left(false), left(true)]).toEqual([3, 0]);
});

test('another app takes its share of the writes from its time on', () => {
  const throttle = throttleWith({ writeLimit: 10, otherAppShare: 0.5, otherAppFromMs: 5_000 });
  expect([0, 4_999, 6_000].map((at) => admitted(throttle, 'a', true, at))).toEqual([10, 10, 5]);
});

test('no limit lets everything through', () => {
  const throttle = throttleWith({ writeLimit: null, requestLimit: null });
  expect(admitted(throttle, 'a', true, 0, 5_000)).toBe(5_000);
});

test('each family of requests has limits of its own, and scripts take twice as many', () => {
  const throttle = throttleWith({ writeLimit: 2, requestLimit: null, familyLimits: { updates: 1 } });
  const admittedIn = (family: string): number =>
    Array.from({ length: 6 }, () => throttle.ask('a', true, 0, family)).filter(({ admitted }) => admitted)
      .length;
  expect(['device configuration', 'devices', 'updates', 'applications'].map(admittedIn)).toEqual([
    2, 4, 1, 2,
  ]);
});

test('what is in no list counts with the configurations, or by itself', () => {
  const url = '/deviceManagement/groupPolicyConfigurations/p/assign';
  expect(familyOf('/deviceManagement/deviceConfigurations/c/assignments/a', false)).toBe(CONFIGURATION);
  expect(familyOf("/deviceManagement/deviceHealthScripts('s')/assign", false)).toBe('devices');
  expect([familyOf(url, false), familyOf(url, true)]).toEqual([CONFIGURATION, 'groupPolicyConfigurations']);
});
