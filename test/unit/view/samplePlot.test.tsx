import { renderToString } from 'preact-render-to-string';
import { expect, test } from 'vitest';
import { MAIN_FAMILY } from '../../../src/assignments/kinds/family.ts';
import type { RunPlot } from '../../../src/view/plot/runPlot.ts';
import { SamplePlot } from '../../../src/view/samplePlot.tsx';

const PLOT: RunPlot = {
  ...{ from: 0, until: 100_000, total: 300 },
  rows: [
    { at: 0, value: 0 },
    { at: 100_000, value: 300 },
  ],
  budgets: [
    {
      family: MAIN_FAMILY,
      used: [{ at: 0, value: 50 }],
      budget: [{ at: 0, value: 100 }],
    },
  ],
  throttled: [{ at: 50_000, value: 2 }],
  spans: [
    { kind: 'pause', from: 20_000, until: 40_000, why: '</title><script>alert(1)</script>' },
    { kind: 'window', from: 60_000, until: 80_000, why: '' },
  ],
};

const drawn = (plot: RunPlot = PLOT): string =>
  renderToString(<SamplePlot id="run-1" plot={plot} title="Run <1>" timeZone="UTC" />);

test('a plot is a picture with a name and a description', () => {
  const svg = drawn();
  expect(svg).toContain('role="img" aria-labelledby="run-1-title run-1-desc"');
  expect(svg).toContain('<title id="run-1-title">Run &lt;1></title>');
  expect(svg).toMatch(/<desc id="run-1-desc">300 of 300 rows came to their end/);
});

test('there is no script in it, no style of its own, nothing from elsewhere, and what people wrote is text', () => {
  expect(drawn()).not.toMatch(/<script|style=|href|\son\w+=|http/);
});

test('rows begin at the foot and end at the top of the panel', () => {
  expect(drawn()).toContain('<path class="line" d="M40 130L468 20"');
});

test('each time in which it stood still is drawn in both panels, in its own hatching, and named below', () => {
  const svg = drawn();
  expect(svg.match(/fill="url\(#run-1-pause\)" x="125.6"/g)).toHaveLength(2);
  expect(svg.match(/fill="url\(#run-1-window\)" x="296.8"/g)).toHaveLength(2);
  expect(svg).toMatch(/figcaption.*paused.*outside its times|figcaption.*outside its times.*paused/s);
  expect(svg).not.toContain('told to wait');
});

test('429s are marked and counted', () => {
  expect(drawn()).toContain('429s, 2 in all');
  expect(drawn({ ...PLOT, throttled: [] })).not.toContain('429s');
});

test('the budget of a time in which the run rested is not drawn', () => {
  const used = [0, 15_000, 45_000, 55_000].map((at) => ({ at, value: 50 }));
  const svg = drawn({ ...PLOT, budgets: [{ family: MAIN_FAMILY, used, budget: used }] });
  expect(svg).toMatch(/class="limit" d="M40 [\d.]+L104.2 [\d.]+M232.6 [\d.]+L275.4 [\d.]+"/);
});
