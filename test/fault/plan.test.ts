import { describe, expect, test } from 'vitest';
import { INCIDENT_NAMES, DOUBT_INCIDENTS, EMBEDDED_INCIDENTS, planOf } from './plan.ts';
import { desiresOf } from './desires.ts';

const SEEDS = Array.from({ length: 500 }, (_, i) => i + 1);

describe('the plan of a round', () => {
  test('is the same for the same seed, and so are its tenant and its file', () => {
    expect(planOf(7)).toEqual(planOf(7));
    expect(desiresOf(planOf(7))).toEqual(desiresOf(planOf(7)));
    expect(planOf(8)).not.toEqual(planOf(7));
  });

  test('has every deed in as many rounds as there are deeds', () => {
    const firsts = INCIDENT_NAMES.map((_, i) => planOf(101 + i).incidents[0]);
    expect(new Set(firsts)).toEqual(new Set(INCIDENT_NAMES));
  });

  test('mixes no deeds of the embedded Redis with those of another', () => {
    for (const seed of SEEDS) {
      const { incidents, redis } = planOf(seed);
      const embedded = incidents.filter((incident) => EMBEDDED_INCIDENTS.some((name) => name === incident));
      expect(embedded).toEqual(redis === 'embedded' ? incidents : []);
    }
  });

  test('does nothing else to a run that a deed leaves in doubt, and then rolls it back', () => {
    const isDoubt = (name: string): boolean => DOUBT_INCIDENTS.some((incident) => incident === name);
    const plans = SEEDS.map((seed) => planOf(seed));
    const inDoubt = plans.filter(({ incidents }) => incidents.some(isDoubt));
    expect(new Set(inDoubt.flatMap(({ incidents }) => incidents))).toEqual(new Set(DOUBT_INCIDENTS));
    for (const plan of plans) expect(plan.rollsBack).toBe(inDoubt.includes(plan));
    for (const plan of inDoubt)
      expect(plan).toMatchObject({ incidents: [expect.any(String)], redis: 'server', rekey: false });
    for (const { incidents, isPlanned, landsLate } of inDoubt)
      expect([isPlanned, landsLate]).toEqual(
        incidents.includes('redisLosesLastSecond') ? [true, false] : [false, true],
      );
    expect(planOf(7, ['redisKilled'], true)).toMatchObject({ rollsBack: true, landsLate: false });
    // Without a plan nobody can tell what a record that forgets has lost, so that there is nothing to be judged.
    expect(planOf(7, ['olderRecord'], true)).toMatchObject({ rollsBack: true, isPlanned: true });
    expect(planOf(7, ['olderRecord'])).toMatchObject({ rollsBack: false, isPlanned: false });
  });

  test('asks for no hold that nobody could keep: no 429s where replies get lost with a worker or a Redis', () => {
    const throttled = SEEDS.map((seed) => planOf(seed)).filter(({ weather }) => weather === 'throttled');
    expect(throttled.length).toBeGreaterThan(0);
    expect(
      throttled.flatMap(({ incidents }) => incidents).filter((incident) => /Killed|redis/.test(incident)),
    ).toEqual([]);
  });

  test('knows all weathers and faults of 5 to 20 %', () => {
    const plans = SEEDS.map((seed) => planOf(seed));
    expect(new Set(plans.map(({ weather }) => weather))).toEqual(new Set(['calm', 'faulty', 'throttled']));
    const shares = plans.flatMap(({ faults }) => Object.values(faults));
    expect(Math.min(...shares)).toBeGreaterThanOrEqual(0.05);
    expect(Math.max(...shares)).toBeLessThanOrEqual(0.2);
  });

  test('has tokens refused at random, and no writes that arrive after their time-out', () => {
    const faults = new Set(SEEDS.flatMap((seed) => Object.keys(planOf(seed).faults)));
    expect(faults).toContain('unauthorized');
    expect(faults).not.toContain('slowApply');
  });

  test('has rows of every kind to be done', () => {
    const kinds = desiresOf(planOf(1)).desires.map(({ kind }) => kind);
    expect(new Set(kinds)).toEqual(new Set(['change', 'alreadySo', 'duplicate', 'forbidden']));
  });

  test('forbids nothing but the rows that are meant', () => {
    for (const seed of SEEDS.slice(200, 240)) {
      const { desires, forbidden } = desiresOf(planOf(seed));
      const refused = desires.filter(({ path }) => forbidden.some((id) => path.endsWith(`/${id}`)));
      expect(new Set(refused.map(({ kind }) => kind))).toEqual(new Set(['forbidden']));
    }
  });
});
