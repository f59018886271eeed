import { expect, test } from 'vitest';
import { beforeAndNow } from '../../../../src/cli/terminal/showProof.ts';

test.each<readonly [string, string, string, readonly [string, string]]>([
  [
    'groups by their names, without the intent that stays',
    'group "GRP-Pilot" (b000…), intent apply',
    'group "GRP-Next" (d000…), intent apply',
    ['GRP-Pilot', 'GRP-Next'],
  ],
  [
    'an intent that is another one',
    'group "GRP-Pilot" (b000…), intent apply',
    'group "GRP-Pilot" (b000…), intent remove',
    ['GRP-Pilot, intent apply', 'GRP-Pilot, intent remove'],
  ],
  [
    'everything else as it is',
    'nothing',
    'exclusion of group "A" (b000…), filter x',
    ['nothing', 'exclusion of group "A" (b000…), filter x'],
  ],
])('a narrow table of a proof shows %s', (_, was, is, shown) => {
  expect(beforeAndNow(was, is)).toEqual(shown);
});
