import { expect, test } from 'vitest';
import { FamilyPlaces } from '../../../src/worker/familyPlaces.ts';

test('each family has its places, and what is full in one is free in the other', () => {
  const places = new FamilyPlaces(2);
  expect([1, 2, 3].map(() => places.take('devices'))).toEqual([true, true, false]);
  expect(places.take('applications')).toBe(true);
  places.release('devices');
  expect(places.take('devices')).toBe(true);
});

test('as many jobs are taken as the families need that have something to do, or are at work', () => {
  const places = new FamilyPlaces(4);
  expect(places.jobs).toBe(4);
  places.expect(['devices', 'applications']);
  expect(places.jobs).toBe(8);
  places.take('updates');
  expect(places.jobs).toBe(12);
  places.release('updates');
  expect(places.jobs).toBe(8);
});
