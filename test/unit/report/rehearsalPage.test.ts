import { describe, expect, test } from 'vitest';
import type { Proof } from '../../../src/app/prove/prove.ts';
import type { Leg, Rehearsal } from '../../../src/app/rehearse/rehearsal.ts';
import { rehearsalFacts, verdictOf } from '../../../src/app/rehearse/rehearsalInWords.ts';
import { deviceConfiguration } from '../../../src/assignments/kinds/deviceConfiguration.ts';
import { rehearsalMarkdown } from '../../../src/report/rehearsalMarkdown.ts';
import { rehearsalPage } from '../../../src/report/rehearsalPage.tsx';
import { current, group } from '../../support/graphShapes.ts';
import { runOf } from '../../support/rows.ts';

const HOSTILE = '<img src=x onerror=alert(1)> | [a](http://evil.example) `b`';

const leg = (failures: Leg['failures'] = []): Leg => ({
  ...{ run: { ...runOf(), total: 2, counts: { ...runOf().counts, succeeded: 2 } }, seconds: 34, failures },
  ...{ samples: [], log: [] },
});
const proofOf = (counts: Partial<Proof['counts']> = {}): Proof => ({
  ...{ run: runOf(), rollbacks: [], knownFrom: 'snapshot', snapshot: undefined, readAt: '', notRead: [] },
  policies: [
    {
      ...{ kind: deviceConfiguration, id: 'P1', name: HOSTILE, platform: undefined, state: 'there' },
      items: [{ proof: 'others', row: undefined, before: current(group('g1')), now: undefined }],
    },
  ],
  counts: { planned: 2, others: 0, untouched: 3, failed: 0, unknown: 0, ...counts },
  isAsPlanned: counts.others === undefined,
  nameOf: () => HOSTILE,
  laterRunOf: () => undefined,
});
const rehearsalOf = (more: Partial<Rehearsal> = {}): Rehearsal => ({
  plan: {
    name: 'plan.ndjson',
    header: {
      ...{ tenant: 'north', graphUrl: 'https://graph.microsoft.com', apiVersion: 'beta', strategy: 'patch' },
      source: { name: HOSTILE, sha256: 'a'.repeat(64) },
      ...{ createdAt: '2026-12-05T20:00:00.000Z', columns: [], rows: 2, blind: false, offline: false },
    },
    end: { rows: 2, writes: 2, findings: {}, names: {}, seal: 'other', fingerprint: 'f'.repeat(64) },
    decisions: { write: 2, refused: 1, nothing: 3 },
  },
  twin: { policies: 2, assignments: 5, unlike: 0 },
  ...{ speed: 20, cost: { requests: 2, atLeast: 580, about: 600 }, rehearsedAt: '2026-12-05T21:00:00.000Z' },
  run: leg([{ status: 'failed', code: 'BadRequest', message: HOSTILE, rows: 7, lines: [2, 3, 4, 5, 6] }]),
  killed: { ended: 1, inFlight: 20, untilNextSeconds: 12 },
  ...{ writtenAgain: 0, proof: proofOf(), undo: leg(), undoProof: proofOf(), different: 0 },
  ...{ isRunProven: true, isUndoProven: true },
  ...more,
});

describe('the page of a rehearsal', () => {
  test('is one file without scripts, in which what comes from the tenant is text', () => {
    const page = rehearsalPage(rehearsalOf());
    expect(page).toContain('&lt;img src=x onerror=alert(1)>');
    expect(page).not.toMatch(/<img|<script|<link|href=|src="/);
    expect(page).toContain('@media print');
    expect(page).toContain('failed');
  });

  test('in Markdown has no markup of the tenant’s either', () => {
    const text = rehearsalMarkdown(rehearsalOf());
    expect(text).not.toMatch(/(?<!\\)(<img|\]\(http|`b)/);
    expect(text.split('\n').filter((line) => line.startsWith('| Proof of the run |'))).toHaveLength(1);
  });

  test('names what is not as before after the undo', () => {
    const page = rehearsalPage(rehearsalOf({ isUndoProven: false, undoProof: proofOf({ others: 1 }) }));
    expect(page).toContain('Not as before after the undo');
    expect(page).toContain('verdict bad');
  });
});

test.each([
  [true, true, 'does what its plan says, and its undo brings everything back'],
  [false, true, 'does not do all'],
  [true, false, 'does NOT bring everything back'],
  [false, false, 'Neither the run nor its undo'],
])('with a run that is proven: %s, and an undo: %s, it %s', (isRunProven, isUndoProven, words) => {
  expect(verdictOf(rehearsalOf({ isRunProven, isUndoProven }))).toContain(words);
});

test('the facts say what the tenant will take, at its own speed', () => {
  const facts = rehearsalFacts(rehearsalOf());
  const of = (about: string): string => {
    const found = facts.find((each) => each.about === about);
    return `${found?.fact}: ${found?.more}`;
  };
  expect(of('Time in the tenant')).toMatch(
    /^about 10 min 0 s: 2 writes count .*: 9 min 40 s at the very least/,
  );
  expect(of('Time here')).toMatch(/^34 s: Windows were 20 times shorter. 12 s of it/);
  expect(of('Worker killed')).toMatch(
    /^after 1 of 2 rows: .*20 writes on the way.*Nothing was written twice/,
  );
  expect(of('Plan')).toBe(
    '2 rows to write: Written by patch; 3 already so; 1 refused by the plan, which stay as they are.',
  );
});
