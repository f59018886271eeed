import { Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import type { Cause } from '../../../../src/assignments/guard/causes.ts';
import { GUARD_KINDS } from '../../../../src/assignments/guard/finding.ts';
import type { Plan } from '../../../../src/app/plan/plan.ts';
import { createPrinter } from '../../../../src/cli/terminal/print.ts';
import type { RefusedRow } from '../../../../src/app/plan/planTally.ts';
import { shortFingerprint } from '../../../../src/cli/terminal/planSummary.ts';
import { showPlan, type Showing } from '../../../../src/cli/terminal/showPlan.ts';
import { widthOf } from '../../../../src/cli/terminal/width.ts';

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
  ...{
    refused: 0,
    leftOut: 0,
    writesByType: {},
    approvalFor: [],
    changes: [],
    audiences: [],
    groupsUncounted: 0,
    firstRows: [],
  },
  ...{ refusedRows: [], fingerprint: '0123456789abcdef'.repeat(4), differences: [], doubt: null },
  ...{
    guard: {},
    findings: [],
    names: {},
    blocked: [],
    secondsAtLeast: 0,
    secondsAbout: 0,
    tenantRead: true,
    offline: false,
  },
};

/** What is said of a plan on a terminal of so many columns, or where there is none; without its last line, which names it. */
function shown(plan: Partial<Plan>, showing: Showing = {}, columns?: number): string[] {
  let text = '';
  const stream = Object.assign(
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        text += chunk.toString();
        done();
      },
    }),
    { isTTY: columns !== undefined, columns: columns ?? 0 },
  );
  const print = createPrinter(stream, stream, { NO_COLOR: '1' });
  showPlan({ ...NOTHING, ...plan }, print, showing);
  const lines = text.trimEnd().split('\n');
  expect(lines.pop()).toBe('Plan 0123456789ab');
  return lines;
}

const rowsAt = (...lines: number[]): Cause['rows'] =>
  lines.map((line) => ({ line, policy: `Wi-Fi of floor ${line}` }));
const cause = (kind: Cause['kind'], what: string, ...lines: number[]): Cause => ({
  ...{ kind, what, count: lines.length, rows: rowsAt(...lines) },
});

const SALES = 'c2411c5e-0000-4000-8000-00000000f00d';

test('a plan without anything to do names its file and its tenant, and comes to what is so', () => {
  expect(shown({ alreadySo: 1 })).toEqual([
    'x.csv → tenant contoso at https://graph.example/beta',
    '1 already so.',
  ]);
  expect(shown({}).at(-1)).toBe('Nothing to write.');
});

test('a plan that has to be approved says so, with what is needed for it', () => {
  const lines = shown({ writes: 1, approvalFor: ['deviceConfiguration', 'deviceCompliancePolicy'] });
  expect(lines.at(-3)).toMatch(
    /approve each change of configurations and compliance policies .*--justification/,
  );
});

test('each count that there is stands in the last sentence, and no other', () => {
  const counts = { writes: 3_120, gone: 1, policySet: 2, unreadable: 3, duplicates: 4, leftOut: 5 };
  const last = (more: Partial<Plan>): string | undefined => shown(more).at(-1);
  expect(last({ ...counts, requests: 3_120, secondsAtLeast: 624 })).toBe(
    '3,120 rows to write (3,120 writes, at least 10 min 24 s), 1 gone, 2 of a policy set, 3 unreadable, 4 repeated, 5 left out.',
  );
  expect(last({ writes: 3, requests: 3, secondsAtLeast: 624.9, secondsAbout: 3_000, conflict: 7 })).toBe(
    '3 rows to write (3 writes, at least 10 min 24 s, about 50 min 0 s), 7 in conflict.',
  );
  expect(last({ writes: 1, requests: 1, secondsAbout: 1 })).toBe('1 row to write (1 write, about 1 s).');
  expect(last({ writes: 1, requests: 1 })).toBe('1 row to write (1 write, at once).');
});

test('what each strategy would take is said where they differ', () => {
  const cost = (requests: number, seconds: number) => ({
    ...{ requests, secondsAtLeast: seconds - 20, secondsAbout: seconds },
  });
  const strategies = { patch: cost(3_120, 624), assign: cost(1_040, 208) };
  expect(shown({ writes: 3_120, requests: 3_120, strategies }).at(-3)).toBe(
    '3,120 writes by PATCH, 1,040 by assign: about 10 min 24 s or about 3 min 28 s (the other one: --strategy assign).',
  );
  const few = { patch: cost(100, 28), assign: { ...cost(20, 0), secondsAtLeast: 0 } };
  expect(shown({ writes: 100, requests: 100, strategies: few }).at(-3)).toContain('about 28 s or at once (');
  const byAssign = shown({ writes: 3_120, requests: 1_040, strategy: 'assign', strategies });
  expect(byAssign.at(-3)).toContain('--strategy patch');
  for (const same of [{ patch: cost(5, 1), assign: cost(5, 1) }, { patch: cost(5, 1) }])
    expect(shown({ writes: 5, requests: 5, strategies: same })).toHaveLength(3);
});

test('a plan that looked at nothing says why that matters', () => {
  expect(shown({ writes: 1, tenantRead: false, offline: true }).at(-1)).toContain(
    'Nothing was read (--offline)',
  );
  expect(shown({ writes: 1, tenantRead: false }).at(-1)).toContain('there is no undo');
});

describe('ways to change', () => {
  const way = { policyType: 'deviceConfiguration', from: 'group', to: 'allDevices', rows: 7 } as const;
  const changes: Plan['changes'] = [
    { ...way, filter: 'lost', intent: 'turned' },
    { ...way, policyType: 'deviceCompliancePolicy', from: null, filter: 'none', intent: 'kept' },
    ...Array.from({ length: 12 }, () => ({ ...way, filter: 'none', intent: 'kept' }) as const),
  ];

  test('are shown with their filter and intent when those change, the first five', () => {
    const lines = shown({ changes });
    expect(lines[1]).toBe('        7  group → allDevices  (configurations, filter lost, intent turned)');
    expect(lines[2]).toBe('        7  not read → allDevices  (compliance policies)');
    expect(lines[6]).toBe('        …  and 9 more ways');
    expect(lines).toHaveLength(8);
  });

  test('are all shown with the details', () => {
    expect(shown({ changes }, { details: true })).toHaveLength(16);
  });
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

describe('what the guard has found', () => {
  const MISSING = cause('group-missing', `group ${SALES} does not exist.`, 22, 41, 92, 97);
  const LOST = cause('filter-lost', `include filter ${SALES} → none, leaving all devices.`, 7, 8, 9);

  test('is one line a kind, with its commonest cause, the first lines, and the option that lets it through', () => {
    const lines = shown({
      guard: { narrowed: 7, 'filter-lost': 4 },
      findings: [LOST, cause('filter-lost', 'another one.', 3), cause('narrowed', 'what.', 2)],
      names: { [SALES]: 'Corporate' },
      blocked: [{ kind: 'narrowed', found: 7, allowed: 2 }],
    });
    expect(lines.slice(1)).toEqual([
      'The guard stops this plan (--details: each row):',
      '  filter-lost=4 (allowed)  include Corporate (c241…) → none, leaving all devices +1: lines 3, 7, 8 …',
      '  narrowed=7 (2 allowed)   what: line 2',
      'If that is what you want, add: --allow narrowed=7',
      'Nothing to write.',
    ]);
  });

  test('names a group that is known, and cuts the id of one that is not', () => {
    const stopped = { guard: { 'group-missing': 4 }, findings: [MISSING] };
    const blocked = [{ kind: 'group-missing', found: 4, allowed: 0 }] as const;
    expect(shown({ ...stopped, blocked }).slice(2, 4)).toEqual([
      '  group-missing=4 (never)  group c2411c5e…f00d does not exist: lines 22, 41, 92 …',
      'Correct the ids of the missing groups, or take their rows out.',
    ]);
    expect(shown({ ...stopped, blocked, names: { [SALES]: 'GRP-X' } })[2]).toContain(
      'GRP-X (c241…) does not exist',
    );
  });

  test('lets through, where all of it was allowed', () => {
    const lines = shown({ guard: { narrowed: 1 }, findings: [cause('narrowed', 'what.', 2)] });
    expect(lines.slice(1, 3)).toEqual([
      'The guard found, and lets through (--details: each row):',
      '  narrowed=1 (allowed)  what: line 2',
    ]);
  });

  test('is shown by its kind alone, where a plan keeps no words', () => {
    const lines = shown({ guard: { narrowed: 2 }, findings: [cause('narrowed', '', 2, 3)] });
    expect(lines[2]).toBe('  narrowed=2 (allowed)');
  });

  test('is counted by what is lost, where somebody loses it', () => {
    const lines = shown({
      guard: { 'cuts-off': 6 },
      findings: [
        cause('cuts-off', 'Wi-Fi (iOS) is lost for group g.', 2, 3),
        cause('cuts-off', 'compliance is lost for group g.', 4),
        cause('cuts-off', 'Wi-Fi is lost for group h.', 5, 6, 7),
      ],
    });
    expect(lines[2]).toBe('  cuts-off=6 (allowed)  Wi-Fi 5, compliance 1: lines 2, 3, 4 …');
  });

  test('is asked for afterwards, and no option offered then', () => {
    const plan = { guard: { narrowed: 1 }, blocked: [{ kind: 'narrowed', found: 1, allowed: 0 }] } as const;
    expect(shown(plan).join('\n')).toContain('--allow');
    expect(shown(plan, { isAsked: true }).join('\n')).not.toContain('--allow');
  });

  test('is every row under its cause, with the details', () => {
    const lines = shown(
      {
        ...{ guard: { 'group-missing': 5, 'max-changes': 9 }, findings: [{ ...MISSING, count: 4 }] },
        blocked: [{ kind: 'group-missing', found: 5, allowed: 0 }],
      },
      { details: true },
    );
    expect(lines.slice(1, -2)).toEqual([
      'The guard stops this plan:',
      '  group-missing=5 (never)',
      '    4 rows → group c2411c5e…f00d does not exist.',
      ...[22, 41, 92, 97].map((line) => `      line ${line}  Wi-Fi of floor ${line}`),
      '    … and 1 more row: -o plan.ndjson has them all',
      '  max-changes=9 (allowed)  rows of a type, more than --max-changes',
    ]);
  });
});

describe('a plan of 700 rows with fifteen kinds of findings, on a screen of 80 × 24', () => {
  const name = 'GRP-Sales of a department whose name is long';
  const planOf = (kinds: readonly Cause['kind'][], more: Partial<Plan> = {}): Partial<Plan> => ({
    ...{ rows: 700, writes: 612, requests: 612, secondsAbout: 124, alreadySo: 60, gone: 23, conflict: 5 },
    guard: Object.fromEntries(kinds.map((kind) => [kind, 40])),
    blocked: kinds.map((kind) => ({ kind, found: 40, allowed: 0 })),
    names: { [SALES]: name },
    findings: kinds.flatMap((kind, i) => [
      cause(
        kind,
        `excluded group ${SALES} → group ${SALES}, include filter ${SALES}.`,
        102 + i,
        203,
        304,
        405,
      ),
      cause(kind, `something else of ${i}.`, 506),
    ]),
    changes: [
      {
        ...{ policyType: 'deviceConfiguration', from: 'group', to: 'group', rows: 600 },
        filter: 'none',
        intent: 'kept',
      },
    ],
    audiences: Array.from({ length: 9 }, (_, n) => ({
      ...{ groupId: SALES, groupName: name, users: 1_240 + n, devices: 12, gains: 0, loses: 3 },
    })),
    firstRows: Array.from({ length: 10 }, (_, n) => ({
      ...{ line: n + 2, policy: `東京支社の無線 ${n}`, before: `group ${SALES}`, after: 'all devices' },
    })),
    ...more,
  });
  const FIFTEEN = GUARD_KINDS.slice(0, 15);
  const expectFits = (lines: readonly string[]): void => {
    // With the line that names the plan, the command before it and the prompt behind.
    expect(lines.length + 1 + 2).toBeLessThanOrEqual(24);
    for (const line of lines) expect(widthOf(line), line).toBeLessThanOrEqual(80);
  };

  test('counts the groups that were not asked for among those that it does not show', () => {
    const lines = shown(
      planOf([], { audiences: planOf([]).audiences?.slice(0, 2) ?? [], groupsUncounted: 30 }),
    );
    expect(lines.filter((line) => line.includes('lose 3 policies'))).toHaveLength(2);
    expect(lines).toContain('  … and 30 more groups (--json has them)');
  });

  test('fits, each kind one line', () => {
    const lines = shown(planOf(FIFTEEN), {}, 80);
    expectFits(lines);
    for (const kind of FIFTEEN)
      expect(lines.filter((line) => line.startsWith(`  ${kind}=40 `))).toHaveLength(1);
  });

  test('says less of what is less dangerous where there is more to say, and all with the details', () => {
    const refusedRows = ['A', 'B', 'C'].map((code, n) => ({
      ...{ line: n + 2, policy: 'P', code, message: `It is ${code}.`, isFound: false },
    }));
    const cost = (requests: number) => ({ requests, secondsAtLeast: 1, secondsAbout: requests });
    const strategies = { patch: cost(612), assign: cost(300) };
    const plan = planOf(GUARD_KINDS, { refusedRows, refused: 3, strategies });
    const lines = shown(plan, {}, 80);
    expectFits(lines);
    for (const kind of GUARD_KINDS.slice(0, 5))
      expect(lines.filter((line) => line.startsWith(`  ${kind}=40 `))).toHaveLength(1);
    for (const kind of GUARD_KINDS) expect(lines.join('\n')).toContain(`${kind}=40`);
    expect(lines.join('\n')).not.toContain('--strategy');
    expect(lines.join('\n')).toContain('A: It is A');
    const whole = shown(plan, { details: true }, 80).join('\n');
    for (const said of ['--strategy', 'C: It is C', ...GUARD_KINDS.map((kind) => `  ${kind}=40`)])
      expect(whole).toContain(said);
  });

  test('shows ways, groups and rows where little is found', () => {
    const small = shown(planOf([]), {}, 80);
    expectFits(small);
    const under = (start: string) => small.filter((line) => line.startsWith(start)).length;
    expect(small[1]).toContain('group → group');
    expect(under('  GRP-Sales of')).toBe(5);
    expect(small[7]).toBe('  … and 4 more groups (--json has them)');
    expect(small.filter((line) => line.includes('東京')).length).toBeGreaterThanOrEqual(7);
  });

  test('shows a row or two beside groups where there is little room', () => {
    const lines = shown(planOf(GUARD_KINDS.slice(0, 8)), {}, 80);
    expectFits(lines);
    expect(lines.filter((line) => line.startsWith('  GRP-Sales of'))).toHaveLength(1);
    expect(lines.filter((line) => line.includes('東京'))).toHaveLength(2);
  });
});

describe('rows that will fail', () => {
  const failing = (count: number, code: string, from = 2): RefusedRow[] =>
    Array.from({ length: count }, (_, n) => ({
      ...{ line: from + n, policy: `Wi-Fi ${from + n}`, code, message: `It is ${code}.`, isFound: false },
    }));
  const refusedBy = (refusedRows: readonly RefusedRow[], more: Partial<Plan> = {}, showing?: Showing) =>
    shown({ refusedRows, refused: refusedRows.length, gone: refusedRows.length, ...more }, showing).slice(
      1,
      -1,
    );

  test('are shown by their cause, the commonest first, with their lines', () => {
    expect(refusedBy([...failing(1, 'Forbidden', 9), ...failing(4, 'PolicySetOwned')])).toEqual([
      '  4 rows fail: PolicySetOwned: It is PolicySetOwned: lines 2, 3, 4 …',
      '  1 row fails: Forbidden: It is Forbidden: line 9',
    ]);
  });

  test('have one cause where only ids, numbers and names in the sentence differ, and two where the sentence does', () => {
    const [first, second] = failing(2, 'Forbidden');
    if (first === undefined || second === undefined) throw new Error('there are two');
    const said = (message: string) => refusedBy([first, { ...second, message }]);
    expect(said('Another one.')).toHaveLength(2);
    const about = (id: string, line: number, name: string) => `Line ${line} has "${name}" as ${id}.`;
    const alike = [about(SALES, 3, 'a'), about(`${SALES}_${SALES}`, 12, 'b c')];
    expect(refusedBy(alike.map((message, i) => ({ ...first, line: i + 2, message })))).toHaveLength(1);
  });

  test('are not told twice, where the guard tells of them', () => {
    expect(refusedBy(failing(2, 'AssignmentGone').map((row) => ({ ...row, isFound: true })))).toEqual([]);
  });

  test('are four causes at most, with where the others are, and may be more than are kept', () => {
    const causes = ['A', 'B', 'C', 'D', 'E'].flatMap((code, n) => failing(1, code, n + 2));
    expect(refusedBy(causes.slice(1))).toHaveLength(4);
    expect(refusedBy(causes)).toHaveLength(5);
    expect(refusedBy(causes).at(-1)).toBe('  … and more that fail: -o plan.ndjson has every row');
    expect(refusedBy(failing(1, 'Forbidden'), { refused: 2 }).at(-1)).toContain('and more');
    expect(refusedBy(causes, {}, { details: true })).toHaveLength(10);
  });

  test('are named with their policies in the details; those steer no terminal, and long ones are cut', () => {
    const [row] = failing(1, 'Forbidden');
    if (row === undefined) throw new Error('there is one');
    const policy = `\u001b]0;x\u0007${'y'.repeat(100)}`;
    const lines = refusedBy([{ ...row, policy, message: 'a\u001b[2Jb' }], {}, { details: true });
    expect(lines.join('')).toMatch(/^[^\p{Cc}]*$/u);
    expect(lines[1]?.length).toBeLessThan(80);
  });
});

test('a plan that says otherwise than the tenant shows where, and what to do about it', () => {
  const lines = shown({
    differences: ['line 2: the plan says write, now stale', 'and 3 more\u0007'],
  });
  expect(lines.slice(-5, -1)).toEqual([
    'The plan that was given says otherwise than the tenant now:',
    '  line 2: the plan says write, now stale',
    '  and 3 more\\u0007',
    'Make it anew with `retarget plan FILE -o plan.ndjson`, and read it.',
  ]);
});

test('two plans are told apart by the beginning of their fingerprints', () => {
  expect(shortFingerprint('ab'.repeat(32))).toBe('ab'.repeat(6));
});
