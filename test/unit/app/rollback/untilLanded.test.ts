import { expect, test } from 'vitest';
import { untilLanded } from '../../../../src/app/rollback/untilLanded.ts';
import { fakeServices } from '../../../support/fakeServices.ts';

/** A record that answers each time with what may still land then, by list. */
const landing = (...answers: Readonly<Record<string, number>>[]) => ({
  landings: async () => new Map(Object.entries(answers.shift() ?? {})),
});

test('lists on which a write may still land are waited for, told once, and named', async () => {
  const services = fakeServices({ runs: landing({ '/a': 20, '/b': 10 }, { '/a': 5 }) });
  expect(await untilLanded(['/a', '/b', '/c'], services)).toEqual(new Set(['/a', '/b']));
  expect(services.heard).toEqual([['lateWrites', 2, 20]]);
});

test('where nothing may land nobody waits, and nothing is told', async () => {
  const services = fakeServices({ runs: landing() });
  expect(await untilLanded(['/a'], services)).toEqual(new Set());
  expect(services.heard).toEqual([]);
});

test('a signal ends the wait', async () => {
  const interrupted = AbortSignal.abort('SIGINT');
  const services = fakeServices({ interrupted, runs: landing({ '/a': 60_000 }) });
  await expect(untilLanded(['/a'], services)).rejects.toMatchObject({ name: 'AbortError' });
});
