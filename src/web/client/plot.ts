import type UPlot from 'uplot';

/** Draws the plots of a run so that values can be read off them, in the place of the drawing that is there without scripts. */

/** Loaded before this, as a script of its own. */
declare const uPlot: typeof UPlot;

interface Point {
  readonly at: number;
  readonly value: number;
}

/** What the server tells, as `RunPlot` in `view/plot/runPlot.ts`. */
interface Told {
  readonly timeZone: string;
  readonly from: number;
  readonly until: number;
  readonly total: number;
  readonly rows: readonly Point[];
  readonly budgets: readonly {
    readonly family: string;
    readonly used: readonly Point[];
    readonly budget: readonly Point[];
  }[];
  readonly throttled: readonly Point[];
  readonly spans: readonly { readonly kind: string; readonly from: number; readonly until: number }[];
}

interface Line {
  readonly label: string;
  readonly points: readonly Point[];
  readonly colour: string;
  readonly dash?: number[];
  readonly fill?: string;
}

const HEIGHTS = { rows: 200, budget: 150 } as const;
const SYNC = 'run';

let shownFrom = '';
let plots: UPlot[] = [];

async function draw(): Promise<void> {
  const place = document.querySelector<HTMLElement>('[data-plot-src]');
  const source = place?.dataset['plotSrc'] ?? '';
  if (place === null || source === shownFrom) return;
  shownFrom = source;
  const answer = await fetch(source).catch(() => undefined);
  // What is drawn already stays, and so does the server's own drawing.
  if (answer === undefined || !answer.ok) return;
  show(place, (await answer.json()) as Told);
}

function show(place: HTMLElement, told: Told): void {
  const canvas = place.querySelector<HTMLElement>('[data-kept]');
  if (canvas === null) return;
  for (const plot of plots) plot.destroy();
  const [first] = told.budgets;
  const rows: Line[] = [
    { label: 'rows done', points: told.rows, colour: '--bar', fill: '--bar' },
    { label: 'all rows', points: level(told, told.total), colour: '--text', dash: [5, 4] },
  ];
  const budget: Line[] = told.budgets.flatMap(({ family, used, budget: limit }, i): Line[] => {
    const of = told.budgets.length > 1 ? ` of ${family}` : '';
    return [
      { label: `requests counted${of}`, points: used, colour: i === 0 ? '--bar' : '--warn' },
      { label: `budget${of}`, points: limit, colour: i === 0 ? '--text' : '--quiet', dash: [5, 4] },
    ];
  });
  plots = [
    plotOf(canvas, told, rows, HEIGHTS.rows, true),
    ...(first === undefined ? [] : [plotOf(canvas, told, budget, HEIGHTS.budget, false)]),
  ];
  canvas.classList.add('is-drawn');
}

const level = ({ from, until }: Told, value: number): Point[] => [
  { at: from, value },
  { at: until, value },
];

function plotOf(
  place: HTMLElement,
  told: Told,
  lines: readonly Line[],
  height: number,
  has429s: boolean,
): UPlot {
  const options: UPlot.Options = {
    ...{ width: place.clientWidth, height },
    padding: [8, 24, 0, 0],
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), told.timeZone),
    cursor: { sync: { key: SYNC }, drag: { x: false, y: false } },
    legend: { live: true },
    scales: {
      x: { min: told.from / 1000, max: told.until / 1000 },
      y: { range: (_plot, _min, max) => [0, Math.max(1, max * 1.05)] },
    },
    axes: [
      {
        stroke: () => colourOf('--quiet'),
        grid: { stroke: () => colourOf('--line'), width: 1 },
        values: TIMES,
        incrs: STEPS,
        // A time with seconds has some 60 px.
        space: 80,
      },
      { stroke: () => colourOf('--quiet'), grid: { stroke: () => colourOf('--line'), width: 1 }, size: 48 },
    ],
    series: [
      {
        label: 'time',
        value: (_plot, seconds: number | null) =>
          seconds === null ? '–' : clock(seconds * 1000, told.timeZone),
      },
      ...lines.map(({ label, colour, dash, fill }): UPlot.Series => ({
        ...{ label, width: 2, spanGaps: true, points: { show: false } },
        stroke: () => colourOf(colour),
        ...(dash !== undefined && { dash, width: 1 }),
        ...(fill !== undefined && { fill: () => `${colourOf(fill)}30` }),
        // What `join` finds no point for is undefined.
        value: (_plot, value: number | null | undefined) =>
          value == null ? '–' : Math.round(value).toLocaleString('en-US'),
      })),
    ],
    hooks: {
      drawClear: [(plot) => drawSpans(plot, told)],
      draw: has429s ? [(plot) => draw429s(plot, told)] : [],
    },
  };
  const data = aligned(lines);
  const plot = new uPlot(options, data, place);
  // Until somebody points at a moment, the last value of each line is told.
  const lasts = data.map((values) => [...values].findLastIndex((value) => value != null));
  requestAnimationFrame(() => plot.setLegend({ idxs: lasts }));
  return plot;
}

/** All lines on one axis of times; where a line has no point it has none. */
function aligned(lines: readonly Line[]): UPlot.AlignedData {
  const tables = lines.map(({ points }): UPlot.AlignedData => [
    points.map(({ at }) => at / 1000),
    points.map(({ value }) => value),
  ]);
  return uPlot.join(tables);
}

const MINUTE = ['{HH}', '{mm}'].join(':');

const TIMES: UPlot.Axis.Values = [
  [3600 * 24, '{DD}.{MM}.', null, null, null, null, null, null, 1],
  [60, MINUTE, null, null, null, null, null, null, 1],
  [1, [MINUTE, '{ss}'].join(':'), null, null, null, null, null, null, 1],
];

/** Whole seconds at least: a run of less has one label, not the same one five times. */
const STEPS = [1, 5, 10, 15, 30, 60, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800, 43_200, 86_400];

const clock = (at: number, timeZone: string): string =>
  new Date(at).toLocaleTimeString('en-GB', { timeZone, timeZoneName: 'short' });

const SPAN_COLOURS: Readonly<Record<string, string>> = {
  backoff: '--bad',
  window: '--quiet',
  pause: '--warn',
};

/** When it did not go on, behind the lines. */
function drawSpans({ ctx, bbox, valToPos }: UPlot, { spans }: Told): void {
  ctx.save();
  for (const { kind, from, until } of spans) {
    const left = Math.max(bbox.left, valToPos(from / 1000, 'x', true));
    const right = Math.min(bbox.left + bbox.width, valToPos(until / 1000, 'x', true));
    ctx.fillStyle = `${colourOf(SPAN_COLOURS[kind] ?? '--quiet')}38`;
    ctx.fillRect(left, bbox.top, Math.max(1, right - left), bbox.height);
  }
  ctx.restore();
}

/** Each as a stroke at the foot, the longer the more of them. */
function draw429s({ ctx, bbox, valToPos }: UPlot, { throttled }: Told): void {
  const most = Math.max(1, ...throttled.map(({ value }) => value));
  ctx.save();
  ctx.strokeStyle = colourOf('--bad');
  ctx.setLineDash([]);
  ctx.lineWidth = 2 * devicePixelRatio;
  for (const { at, value } of throttled) {
    const x = valToPos(at / 1000, 'x', true);
    const foot = bbox.top + bbox.height;
    ctx.beginPath();
    ctx.moveTo(x, foot);
    ctx.lineTo(x, foot - (6 + (value / most) * 16) * devicePixelRatio);
    ctx.stroke();
  }
  ctx.restore();
}

const colourOf = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function drawAgain(): void {
  shownFrom = '';
  void draw();
}

void draw();
document.addEventListener('parts', () => void draw());
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawAgain);
addEventListener('resize', () => {
  for (const plot of plots) {
    const width = plot.root.parentElement?.clientWidth ?? plot.width;
    plot.setSize({ width, height: plot.height });
  }
});
