import { expect, test } from 'vitest';
import type { Cause } from '../../../../src/assignments/guard/causes.ts';
import { causeLines, kindLines, type FoundKind } from '../../../../src/cli/terminal/causeLines.ts';
import { widthOf } from '../../../../src/cli/terminal/width.ts';

const SALES = 'c2411c5e-0000-4000-8000-00000000f00d';
const cause = (what: string, count: number): Cause => ({
  ...{ kind: 'cuts-off', what, count },
  rows: [{ line: 2, policy: 'Wi-Fi' }],
});
const kindOf = (...causes: readonly Cause[]): FoundKind => ({
  ...{ kind: 'cuts-off', blocked: { allowed: 0 }, causes },
  found: causes.reduce((sum, { count }) => sum + count, 0),
});

test('a kind that is asked for has its causes below it, each with its rows', () => {
  const asked = kindOf(
    cause(`Wi-Fi (iOS) is lost for group ${SALES}.`, 60),
    cause('VPN (iOS) is lost for all devices.', 1),
  );
  expect(causeLines(asked, { [SALES]: 'GRP-Sales' }, 80)).toEqual([
    '  cuts-off=61',
    '    60 × Wi-Fi (iOS) is lost for GRP-Sales (c241…): lines 2 …',
    '     1 × VPN (iOS) is lost for all devices: line 2',
  ]);
});

test('of many causes the commonest are shown, and names are cut where there is no room', () => {
  const name = '東京支社 営業部 端末グループ'.repeat(4);
  const many = kindOf(
    ...[9, 8, 7, 6, 5, 4, 3].map((n) => cause(`Wi-Fi ${n} is lost for group ${SALES}.`, n)),
  );
  const lines = causeLines(many, { [SALES]: name }, 80);
  expect(lines).toHaveLength(1 + 5 + 1);
  expect(lines.at(-1)).toBe('    … and 2 more causes');
  expect(lines[1]).toMatch(
    /^ {5}9 × Wi-Fi 9 is lost for 東京支社 営業部… 端末グループ \(c241…\): lines 2 …$/,
  );
  for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(80);
});

test('a kind of one cause is one line', () => {
  expect(causeLines(kindOf(cause('Wi-Fi is lost for all users.', 1)), {}, 80)).toEqual([
    '  cuts-off=1  Wi-Fi is lost for all users: line 2',
  ]);
});

test('what is lost is counted by what it is, and rows whose causes are not kept are counted beside', () => {
  const kept = kindOf(
    cause('compliance is lost for all users.', 700),
    cause('VPN is lost for all users.', 300),
  );
  expect(kindLines([kept], {}, 80)).toEqual(['  cuts-off=1000  compliance 700, VPN 300: lines 2, 2 …']);
  expect(kindLines([{ ...kept, found: 6_000 }], {}, 80)).toEqual([
    '  cuts-off=6000  compliance 700, VPN 300, not told apart 5000: lines 2, 2 …',
  ]);
});
