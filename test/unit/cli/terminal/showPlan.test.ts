import { Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import type { LinedFinding } from '../../../../src/assignments/guard/finding.ts';
import type { Plan } from '../../../../src/app/plan/plan.ts';
import { createPrinter } from '../../../../src/cli/terminal/print.ts';
import type { RefusedRow } from '../../../../src/app/plan/planTally.ts';
import { shortFingerprint, showPlan } from '../../../../src/cli/terminal/showPlan.ts';

const NOTHING: Plan = {
  ...{ tenant: 'contoso', graphUrl: 'https://graph.example', apiVersion: 'beta', createdAt: '', rows: 1 },
  source: { name: 'x.csv', sha256: '' },
  ...{
    writes: 0,
    requests: 0,
    strategy: 'patch',
    strategies: {},
    alreadySo: 0,
    duplicates: 0,
    gone: 0,
    policySet: 0,
    conflict: 0,
    unreadable: 0,
  },
  ...{ refused: 0, leftOut: 0, writesByType: {}, approvalFor: [], changes: [], audiences: [], firstRows: [] },
  ...{ refusedRows: [], fingerprint: '0123456789abcdef'.repeat(4), differences: [], doubt: null },
  ...{
    guard: {},
    findings: [],
    blocked: [],
    secondsAtLeast: 0,
    secondsAbout: 0,
    tenantRead: true,
    offline: false,
  },
};

/** What is said of a plan, without its last line, which names it. */
function shown(plan: Partial<Plan>): string[] {
  let text = '';
  const stream = Object.assign(
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        text += chunk.toString();
        done();
      },
    }),
    { isTTY: false, columns: 0 },
  );
  showPlan({ ...NOTHING, ...plan }, createPrinter(stream, stream, {}));
  const lines = text.trimEnd().split('\n');
  expect(lines.pop()).toBe('Plan 0123456789ab');
  return lines;
}

const findings = (count: number): LinedFinding[] =>
  Array.from({ length: count }, (_, n) => ({
    kind: 'narrowed',
    line: n + 2,
    lines: [n + 2],
    what: `what ${n}`,
  }));

test('a plan without anything to do names its file and its tenant', () => {
  expect(shown({ alreadySo: 1 })).toEqual([
    'x.csv → tenant contoso at https://graph.example/beta',
    '         1 row already so',
  ]);
});

test('a plan that has to be approved says so, with what is needed for it', () => {
  const lines = shown({ writes: 1, approvalFor: ['deviceConfiguration', 'deviceCompliancePolicy'] });
  expect(lines.at(-1)).toMatch(
    /approve each change of configurations and compliance policies .*--justification/,
  );
});

test('each count that there is has its line, and no other', () => {
  const counts = { writes: 3_120, gone: 1, policySet: 2, unreadable: 3, duplicates: 4, leftOut: 5 };
  const lines = shown({ ...counts, requests: 3_120, secondsAtLeast: 624 });
  expect(lines.slice(1, 7).map((line) => line.trim().split(' ')[0])).toEqual([
    '3,120',
    '1',
    '2',
    '3',
    '4',
    '5',
  ]);
  expect(lines.at(-1)).toBe('3,120 writes, at least 10 min 24 s.');
  const slow = shown({ ...counts, requests: 3_120, secondsAtLeast: 624.9, secondsAbout: 3_000 });
  expect(slow.at(-1)).toBe('3,120 writes, at least 10 min 24 s, about 50 min 0 s.');
  expect(shown({ writes: 1, requests: 1, secondsAbout: 1 }).at(-1)).toBe('1 write, about 1 s.');
  expect(shown({ writes: 1, requests: 1 }).at(-1)).toBe('1 write, at once.');
});

test('what each strategy would take is said where they differ', () => {
  const cost = (requests: number, seconds: number) => ({
    ...{ requests, secondsAtLeast: seconds - 20, secondsAbout: seconds },
  });
  const strategies = { patch: cost(3_120, 624), assign: cost(1_040, 208) };
  expect(shown({ writes: 3_120, requests: 3_120, strategies }).at(-1)).toBe(
    '3,120 writes by PATCH, 1,040 by assign: about 10 min 24 s or 3 min 28 s (the other one: --strategy assign).',
  );
  const byAssign = shown({ writes: 3_120, requests: 1_040, strategy: 'assign', strategies });
  expect(byAssign.at(-1)).toContain('--strategy patch');
  for (const same of [{ patch: cost(5, 1), assign: cost(5, 1) }, { patch: cost(5, 1) }])
    expect(shown({ writes: 5, requests: 5, strategies: same }).at(-1)).toBe('5 writes, at once.');
});

test('a plan that looked at nothing says why that matters', () => {
  expect(shown({ writes: 1, tenantRead: false, offline: true })[1]).toContain('nothing was read (--offline)');
  expect(shown({ writes: 1, tenantRead: false })[1]).toContain('there is no undo');
});

test('ways to change are shown with their filter and intent when those change, a dozen at most', () => {
  const way = { policyType: 'deviceConfiguration', from: 'group', to: 'allDevices', rows: 7 } as const;
  const lines = shown({
    audiences: [],
    changes: [
      { ...way, filter: 'lost', intent: 'turned' },
      { ...way, policyType: 'deviceCompliancePolicy', from: null, filter: 'none', intent: 'kept' },
      ...Array.from({ length: 12 }, () => ({ ...way, filter: 'none', intent: 'kept' }) as const),
    ],
  });
  expect(lines[1]).toBe('           7  group → allDevices  (configurations, filter lost, intent turned)');
  expect(lines[2]).toBe('           7  not read → allDevices  (compliance policies)');
  expect(lines.at(-1)).toBe('    … and 2 more ways');
});

test('names from Graph steer no terminal, and long ones are cut', () => {
  const row = {
    line: 2,
    policy: `\u001b]0;x\u0007${'y'.repeat(100)}`,
    before: 'group g',
    after: 'all devices',
  };
  const lines = shown({ writes: 1, firstRows: [row] });
  expect(lines.join('')).toMatch(/^[^\p{Cc}]*$/u);
  expect(lines.find((line) => line.includes('yyy'))?.length).toBeLessThan(110);
});

test('what the guard stops is named row by row, with the option that lets it through', () => {
  const lines = shown({
    guard: { narrowed: 7, 'max-changes': 7 },
    findings: findings(7),
    blocked: [{ kind: 'narrowed', found: 7, allowed: 2 }],
  });
  expect(lines.slice(1)).toEqual([
    'The guard stops this plan:',
    '  narrowed: 7 findings, stops (2 allowed)',
    ...[0, 1, 2, 3, 4].map((n) => `    line ${n + 2}: what ${n}`),
    '    … and 2 more',
    '  max-changes: 7 findings, allowed – rows of a policy type beyond --max-changes or --max-changes-percent',
    'If that is what you want, add: --allow narrowed=7',
  ]);
});

test('what was allowed is shown as well', () => {
  const lines = shown({ guard: { narrowed: 1 }, findings: findings(1) });
  expect(lines.slice(1)).toEqual([
    'The guard found, and lets through:',
    '  narrowed: 1 finding, allowed',
    '    line 2: what 0',
  ]);
});

test('a plan that keeps the kinds of its findings without words shows the kinds', () => {
  const lines = shown({
    guard: { narrowed: 2 },
    findings: findings(2).map((each) => ({ ...each, what: '' })),
  });
  expect(lines.slice(2)).toEqual(['  narrowed: 2 findings, allowed']);
});

describe('rows that will fail', () => {
  const failing = (count: number, code: string, from = 2): RefusedRow[] =>
    Array.from({ length: count }, (_, n) => ({
      ...{ line: from + n, policy: `Wi-Fi ${from + n}`, code, message: `It is ${code}.` },
    }));
  const refusedBy = (refusedRows: readonly RefusedRow[], more: Partial<Plan> = {}): string[] =>
    shown({ refusedRows, refused: refusedRows.length, gone: refusedRows.length, ...more }).slice(2);

  test('are shown by their cause, the commonest first, with their lines and policies', () => {
    const [gone, ...others] = failing(3, 'AssignmentGone');
    expect(refusedBy([...failing(1, 'Forbidden', 9), ...(gone ? [gone] : []), ...others])).toEqual([
      '    AssignmentGone: It is AssignmentGone.',
      '      line 2 (Wi-Fi 2), 3 (Wi-Fi 3), 4 (Wi-Fi 4)',
      '    Forbidden: It is Forbidden.',
      '      line 9 (Wi-Fi 9)',
    ]);
  });

  test('have two causes when one code comes with two sentences', () => {
    const [first, second] = failing(2, 'Forbidden');
    if (first === undefined || second === undefined) throw new Error('there are two');
    expect(refusedBy([first, { ...second, message: 'Another one.' }])).toHaveLength(4);
  });

  test('are eight of a cause and six causes at most, with where the others are', () => {
    const nine = refusedBy(failing(9, 'Forbidden'));
    expect(nine[1]).toMatch(/^ +line 2 \(Wi-Fi 2\), .*9 \(Wi-Fi 9\), …$/);
    expect(nine).toHaveLength(2);
    const eight = refusedBy(failing(8, 'Forbidden'));
    expect(eight[1]).toMatch(/9 \(Wi-Fi 9\)$/);
    const causes = Array.from({ length: 7 }, (_, n) => failing(1, `Code${n}`, n)).flat();
    expect(refusedBy(causes.slice(1))).toHaveLength(12);
    const seven = refusedBy(causes);
    expect(seven).toHaveLength(13);
    expect(seven.at(-1)).toBe('    … and more: `retarget plan FILE --json`, or -o plan.ndjson, has them');
  });

  test('may be more than are kept', () => {
    expect(refusedBy(failing(1, 'Forbidden'), { refused: 2 }).at(-1)).toContain('and more');
  });

  test('name policies that steer no terminal, and long ones are cut', () => {
    const [row] = failing(1, 'Forbidden');
    if (row === undefined) throw new Error('there is one');
    const policy = `\u001b]0;x\u0007${'y'.repeat(100)}`;
    const lines = refusedBy([{ ...row, policy, message: 'a\u001b[2Jb' }]);
    expect(lines.join('')).toMatch(/^[^\p{Cc}]*$/u);
    expect(lines[1]?.length).toBeLessThan(60);
  });
});

test('a plan that says otherwise than the tenant shows where, and what to do about it', () => {
  const lines = shown({
    writes: 1,
    differences: ['line 2: the plan says write, now stale', 'and 3 more\u0007'],
  });
  expect(lines.slice(-4)).toEqual([
    'The plan that was given says otherwise than the tenant now:',
    '  line 2: the plan says write, now stale',
    '  and 3 more\\u0007',
    'Make it anew with `retarget plan FILE -o plan.ndjson`, and read it.',
  ]);
});

test('two plans are told apart by the beginning of their fingerprints', () => {
  expect(shortFingerprint('ab'.repeat(32))).toBe('ab'.repeat(6));
});
