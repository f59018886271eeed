import { expect, test } from 'vitest';
import type { Family } from '../../../src/assignments/kinds/family.ts';
import { FamilyPlaces } from '../../../src/worker/familyPlaces.ts';

const NOTHING = (): void => undefined;

test('each family has its places, and what is full in one is free in the other', () => {
  const places = new FamilyPlaces(2);
  expect(['d1', 'd2', 'd3'].map((job) => places.take('devices', job, NOTHING))).toEqual([true, true, false]);
  expect(places.take('applications', 'a1', NOTHING)).toBe(true);
  places.release('devices');
  expect(places.take('devices', 'd3', NOTHING)).toBe(true);
});

test('as many jobs are taken as the families need that have something to do, or are at work', () => {
  const places = new FamilyPlaces(4);
  expect(places.jobs).toBe(4);
  places.expect(['devices', 'applications']);
  expect(places.jobs).toBe(8);
  places.take('updates', 'u1', NOTHING);
  expect(places.jobs).toBe(12);
  places.release('updates');
  expect(places.jobs).toBe(8);
});

test('whoever found no place comes back when one of its family is free, and once', () => {
  const places = new FamilyPlaces(1);
  const back: string[] = [];
  const take = (family: Family, job: string): boolean => places.take(family, job, () => back.push(job));
  expect(['d1', 'd2', 'd3', 'd2'].map((job) => take('devices', job))).toEqual([true, false, false, false]);
  take('updates', 'u1');
  places.release('updates');
  expect(back).toEqual([]);
  places.release('devices');
  expect(back).toEqual(['d2']);
  // Another one, which has come back by itself meanwhile, has taken it.
  expect(take('devices', 'd3')).toBe(true);
  expect(take('devices', 'd2')).toBe(false);
  places.release('devices');
  places.release('devices');
  expect(back).toEqual(['d2', 'd2']);
});
