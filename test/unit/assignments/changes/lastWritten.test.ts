import { expect, test } from 'vitest';
import { lastWritten, readsAsBefore } from '../../../../src/assignments/changes/lastWritten.ts';
import type { JsonObject } from '../../../../src/assignments/values/json.ts';
import { group } from '../../../support/graphShapes.ts';

const list = (...groups: string[]) =>
  groups.map((id) => ({ id: `a-${id}`, target: group(id), source: 'direct' }));
const read = (entries: readonly JsonObject[]) => entries.map((whole) => ({ whole }));
/** As it is sent, and Graph adds the rest. */
const sent = (...groups: string[]) => groups.map((id) => ({ target: group(id) }));

test('a list that was written reads as before until the write is seen, and then no more', () => {
  const known = lastWritten(undefined, list('g1'), [sent('g2')]);
  expect(readsAsBefore(known, read(list('g1')))).toBe(true);
  expect(readsAsBefore(known, read(list('g2')))).toBe(false);
  expect(readsAsBefore(known, read(list('by-hand')))).toBe(false);
  expect(readsAsBefore(undefined, read(list('g1')))).toBe(false);
});

test('each write of a list may be the last that a copy shows', () => {
  const first = lastWritten(undefined, list('g1', 'g2'), [sent('n1', 'g2'), sent('n1', 'n2')]);
  const known = lastWritten(first, list('n1', 'n2'), [sent('n1', 'n2', 'n3')]);
  for (const before of [list('g1', 'g2'), list('n1', 'g2'), list('n2', 'n1')])
    expect(readsAsBefore(known, read(before))).toBe(true);
  expect(readsAsBefore(known, read(list('n1', 'n2', 'n3')))).toBe(false);
});

test('what was put back by a write is no before any more, though it was one', () => {
  const written = lastWritten(undefined, list('g1'), [sent('g2')]);
  const putBack = lastWritten(written, list('g2'), [sent('g1')]);
  expect(readsAsBefore(putBack, read(list('g1')))).toBe(false);
  expect(readsAsBefore(putBack, read(list('g2')))).toBe(true);
});
