import fc from 'fast-check';
import { expect, test } from 'vitest';
import { everybodyOf, guidFault, isGuid } from '../../../../src/assignments/values/guid.ts';

const GUID = '7b1d9e02-5f3a-4c86-9e1b-0d2f4a6c8e90';

test('a GUID is one in any letter case', () => {
  for (const id of [GUID, GUID.toUpperCase()]) {
    expect(isGuid(id)).toBe(true);
    expect(guidFault(id, 'group')).toBeUndefined();
  }
});

test.each([
  ['braces', `{${GUID}}`],
  ['parentheses', `(${GUID})`],
  ['an apostrophe of a word processor', `\u2019${GUID}`],
  ['quotes of a word processor', `\u201c${GUID}\u201d`],
  ['dashes of a word processor', GUID.replaceAll('-', '\u2013')],
  ['hyphens that do not break', GUID.replaceAll('-', '\u2011')],
  ['nothing between its digits', GUID.replaceAll('-', '')],
])('an id with %s is given back as it is to be written', (_, text) => {
  expect(guidFault(text, 'group')).toMatchObject({ remedy: `Write ${GUID}.` });
});

test.each([
  ['1.00E+05', /spreadsheet/, /as text/],
  ['7,1E+30', /spreadsheet/, /as text/],
  [GUID.slice(0, -1), /has 31 digits/, /lost/],
  [`${GUID}0`, /has 33 digits/, /lost/],
  ['20260131', /has 8 digits/, /lost/],
  ['Wards Hamburg', /is no id/, /the group's id/],
  ['APP-Intune-Pilot', /is no id/, /groupName/],
  ['face', /is no id/, /groupName/],
  ['00000000-0000-0000-0000-000000000000', /No group has/, /that is meant/],
])('%s is no id', (text, message, remedy) => {
  const fault = guidFault(text, 'group');
  expect(fault?.message).toMatch(message);
  expect(fault?.remedy).toMatch(remedy);
});

test('what is offered instead is an id, and is never offered for what is one', () => {
  fc.assert(
    fc.property(
      fc.uuid(),
      fc.constantFrom('-', '\u2013', '\u2014', '\u2212', ''),
      fc.constantFrom('{ }', '" "', '\u201e \u201c', ' '),
      (id, dash, around) => {
        const [before = '', after = ''] = around.split(' ');
        const text = `${before}${id.replaceAll('-', dash)}${after}`;
        expect(guidFault(text, 'filter')?.remedy).toBe(text === id ? undefined : `Write ${id}.`);
      },
    ),
  );
});

test('Entra’s ids for everybody are known in any letter case', () => {
  expect(everybodyOf('ACACACAC-9DF4-4C7D-9D50-4EF0226F57A9')).toBe('allLicensedUsers');
  expect(everybodyOf('adadadad-808e-44e2-905a-0b7873a8a531')).toBe('allDevices');
  expect(everybodyOf(GUID)).toBeUndefined();
});
