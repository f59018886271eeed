import { describe, expect, test } from 'vitest';
import { shortCalled, withCalled } from '../../../../src/assignments/names/calledIds.ts';

const SALES = 'c2411c5e-1111-4222-8333-9f0e9f0e9f0e';
const OTHER = '51c15aef-cced-4de6-a515-8e90fd611187';
const CALLED = { [SALES]: 'GRP-Sales' };

describe('a sentence with ids', () => {
  test.each([
    [`group ${SALES} → group ${OTHER}.`, `group GRP-Sales (${SALES}) → group ${OTHER}.`],
    [`group ${SALES.toUpperCase()}.`, `group GRP-Sales (${SALES.toUpperCase()}).`],
    ['no id at all.', 'no id at all.'],
    // An assignment's id is none of a group, whatever it is made of.
    [`the assignment ${OTHER}_${SALES}.`, `the assignment ${OTHER}_${SALES}.`],
  ])('has the names beside them, whole: %s', (sentence, spoken) => {
    expect(withCalled(sentence, CALLED)).toBe(spoken);
  });

  test.each([
    [`group ${SALES} → group ${OTHER}.`, 'GRP-Sales (c241…) → group 51c15aef…1187.'],
    [`the assignment ${OTHER}_${SALES}.`, 'the assignment 51c15aef…1187_c2411c5e…9f0e.'],
  ])('is short on a screen: %s', (sentence, spoken) => {
    expect(shortCalled(sentence, CALLED)).toBe(spoken);
  });

  test('shows a name as it is, also one that looks like an id', () => {
    expect(shortCalled(`group ${SALES}.`, { [SALES]: `Group ${OTHER}` })).toBe(`Group ${OTHER} (c241…).`);
  });

  test('keeps the id of what has an empty name', () => {
    expect(withCalled(SALES, { [SALES]: '' })).toBe(SALES);
  });
});
