import { expect, test } from 'vitest';
import { policyNameFault } from '../../../../src/assignments/rows/policyName.ts';

test.each([
  ['Wi-Fi', 'Wi-Fi'],
  ['wi-fi', ' Wi-Fi '],
  ['Büro'.normalize('NFD'), 'Büro'.normalize('NFC')],
  [undefined, 'Wi-Fi'],
  ['Wi-Fi', undefined],
])('%j names a policy that is called %j', (policyName, displayName) => {
  expect(policyNameFault({ policyName }, displayName)).toBeUndefined();
});

// A column that was sorted alone must be found out.
test('another name is told, with what was expected and what was found', () => {
  expect(policyNameFault({ policyName: 'VPN' }, 'Wi-Fi\n"old"')).toEqual({
    code: 'PolicyNameMismatch',
    message: 'Expected the policy "VPN", found "Wi-Fi\\n\\"old\\"" under its id; nothing was written.',
  });
});
