import { renderToString } from 'preact-render-to-string';
import { expect, test } from 'vitest';
import { BeforeAfter } from '../../../src/view/beforeAfter.tsx';
import type { PartDiff } from '../../../src/view/rowDiff.ts';

const HOSTILE = '<img src=x onerror=alert(1)>';
const PARTS: readonly PartDiff[] = [
  {
    part: 'target',
    before: [{ words: 'group', name: HOSTILE, id: '1' }],
    after: { words: 'all devices' },
    isChanged: true,
  },
  { part: 'intent', before: [{ words: 'apply' }], after: { words: 'apply' }, isChanged: false },
];

test('both sides say which one they are, to eyes and to ears', () => {
  const html = renderToString(<BeforeAfter parts={PARTS} />);
  expect(html).toMatch(/<del><span class="unseen">before: <\/span>group/);
  expect(html).toMatch(/<ins><span class="unseen">after: <\/span>all devices/);
  expect(html).toContain('<span class="same">intent apply stays</span>');
});

test('what stays can be left out', () => {
  expect(renderToString(<BeforeAfter parts={PARTS} isWhole={false} />)).not.toContain('apply');
});

test('a name is text', () => {
  expect(renderToString(<BeforeAfter parts={PARTS} />)).not.toContain('<img');
});
