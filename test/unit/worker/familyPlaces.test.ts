import { expect, test } from 'vitest';
import type { Family } from '../../../src/assignments/kinds/family.ts';
import { FamilyPlaces } from '../../../src/worker/familyPlaces.ts';

test('each family has its places, and what is full in one is free in the other', () => {
  const places = new FamilyPlaces(2);
  expect(['d1', 'd2', 'd3'].map((job) => places.take('devices', job))).toEqual([true, true, false]);
  expect(places.take('applications', 'a1')).toBe(true);
  places.release('devices');
  expect(places.take('devices', 'd3')).toBe(true);
});

test('as many jobs are taken as the families need that have something to do, or are at work', () => {
  const places = new FamilyPlaces(4);
  expect(places.jobs).toBe(4);
  places.expect(['devices', 'applications']);
  expect(places.jobs).toBe(8);
  places.take('updates', 'u1');
  expect(places.jobs).toBe(12);
  places.release('updates');
  expect(places.jobs).toBe(8);
});

test('whoever found no place comes back when one of its family is free, and once', () => {
  const places = new FamilyPlaces(1);
  const back: string[] = [];
  const take = (family: Family, job: string): boolean => {
    const isTaken = places.take(family, job);
    if (!isTaken) places.whenFree(family, job, () => back.push(job));
    return isTaken;
  };
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
  // A place that has become free while the job was given back is free.
  places.whenFree('devices', 'd4', () => back.push('d4'));
  expect(back.at(-1)).toBe('d4');
});
