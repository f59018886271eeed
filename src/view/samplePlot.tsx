import type { VNode } from 'preact';
import { numberTicks, timeTicks, type Tick } from './plot/axis.ts';
import {
  plotInWords,
  SPAN_KINDS,
  type Point,
  type RunPlot,
  type Span,
  type SpanKind,
} from './plot/runPlot.ts';

export interface SamplePlotProps {
  /** Begins the ids in it: a page may have several plots. Letters, digits and `-`. */
  readonly id: string;
  readonly plot: RunPlot;
  /** What the plot is of, as its name for who can't see it. */
  readonly title: string;
  /** Whose clock its times are of, an IANA name. */
  readonly timeZone: string;
}

// Units of the drawing. Letters are larger where it is shown small, and still have room.
const WIDTH = 480;
const LEFT = 40;
const RIGHT = 468;
const ROWS = { top: 20, bottom: 130 } as const;
/** The 429s hang down from the foot of the rows. */
const THROTTLED = { top: 132, lengthMin: 3, lengthMax: 13 } as const;
const BUDGET = { top: 170, bottom: 236 } as const;
const TIMES_TOP = 252;
const HEIGHT = 260;
/** What is shorter would not be seen. */
const SPAN_UNITS_MIN = 1;

const SPAN_LABELS: Readonly<Record<SpanKind, string>> = {
  backoff: 'told to wait',
  window: 'outside its times',
  pause: 'paused',
};

/** Rows done and budget used over time, with 429s, backoffs, windows and pauses: inline SVG that needs PLOT_STYLE and no script. */
export function SamplePlot({ id, plot, title, timeZone }: SamplePlotProps): VNode {
  const { from, until, total, rows, budgets, throttled, spans } = plot;
  const x = (at: number): number => LEFT + ((at - from) / (until - from)) * (RIGHT - LEFT);
  const rowTicks = numberTicks(Math.max(total, ...rows.map(({ value }) => value)));
  const budgetTicks = numberTicks(
    Math.max(1, ...budgets.flatMap(({ used, budget }) => [...used, ...budget].map(({ value }) => value))),
    3,
  );
  const yRows = scale(rowTicks, ROWS.top, ROWS.bottom);
  const yBudget = scale(budgetTicks, BUDGET.top, BUDGET.bottom);
  const most429s = Math.max(1, ...throttled.map(({ value }) => value));
  const isStill = restedIn(spans);
  const drawn = SPAN_KINDS.filter((kind) => spans.some((span) => span.kind === kind));
  return (
    <figure class="plot">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-labelledby={`${id}-title ${id}-desc`}>
        <title id={`${id}-title`}>{title}</title>
        <desc id={`${id}-desc`}>{plotInWords(plot)}</desc>
        <defs>
          <Hatch id={`${id}-pause`} kind="pause" />
          <Hatch id={`${id}-window`} kind="window" />
        </defs>
        {spans.map((span) => {
          const left = x(span.from);
          const width = Math.max(SPAN_UNITS_MIN, x(span.until) - left);
          return [ROWS, BUDGET].map(({ top, bottom }) => (
            <rect
              class={`span ${span.kind}`}
              fill={span.kind === 'backoff' ? undefined : `url(#${id}-${span.kind})`}
              {...{ x: short(left), y: top, width: short(width), height: bottom - top }}
            >
              <title>{span.why || SPAN_LABELS[span.kind]}</title>
            </rect>
          ));
        })}
        <Grid ticks={rowTicks} y={yRows} />
        <Grid ticks={budgetTicks} y={yBudget} />
        <text class="heading" x={LEFT} y={ROWS.top - 7}>
          Rows done
        </text>
        <text class="heading" x={LEFT} y={BUDGET.top - 7}>
          Budget used
        </text>
        <path
          class="area"
          d={`${pathOf(rows, x, yRows)}L${short(x(rows.at(-1)?.at ?? until))} ${ROWS.bottom}H${short(x(from))}Z`}
        />
        <path class="line" d={pathOf(rows, x, yRows)} />
        <path class="total" d={`M${LEFT} ${short(yRows(total))}H${RIGHT}`} />
        {budgets.map(({ used, budget }, i) => (
          <>
            <path class={`line${i === 0 ? '' : ' other'}`} d={pathOf(used, x, yBudget, isStill)} />
            <path class="limit" d={pathOf(budget, x, yBudget, isStill)} />
          </>
        ))}
        {throttled.map(({ at, value }) => (
          <path
            class="throttled"
            d={`M${short(x(at))} ${THROTTLED.top}v${short(Math.max(THROTTLED.lengthMin, (value / most429s) * THROTTLED.lengthMax))}`}
          />
        ))}
        <path
          class="axis"
          d={`M${LEFT} ${ROWS.bottom}H${RIGHT}M${LEFT} ${BUDGET.bottom}H${RIGHT}`}
          fill="none"
        />
        {timeTicks(from, until, timeZone).map(({ at, label }, i) => (
          <>
            <path class="axis" d={`M${short(x(at))} ${BUDGET.bottom}v4`} />
            <text
              class={i % 2 === 1 ? 'narrow-off' : undefined}
              x={short(Math.min(x(at), RIGHT - 12))}
              y={TIMES_TOP}
              text-anchor="middle"
            >
              {label}
            </text>
          </>
        ))}
      </svg>
      <figcaption>
        <Key label="rows done, requests counted">
          <path class="line" d="M0 6H24" />
        </Key>
        <Key label="all rows, budget">
          <path class="total" d="M0 6H24" />
        </Key>
        {budgets.length > 1 && (
          <Key
            label={`budget of ${budgets
              .slice(1)
              .map(({ family }) => family)
              .join(', ')}`}
          >
            <path class="line other" d="M0 6H24" />
          </Key>
        )}
        {throttled.length > 0 && (
          <Key
            label={`429s, ${throttled.reduce((sum, { value }) => sum + value, 0).toLocaleString('en-US')} in all`}
          >
            <path class="throttled" d="M6 11V4M12 11V1M18 11V6" />
          </Key>
        )}
        {drawn.map((kind) => (
          <Key label={SPAN_LABELS[kind]}>
            <rect
              class={`span ${kind}`}
              fill={kind === 'backoff' ? undefined : `url(#${id}-${kind})`}
              width="24"
              height="12"
            />
          </Key>
        ))}
        <span>times of {timeZone}</span>
      </figcaption>
    </figure>
  );
}

const Key = ({ label, children }: { readonly label: string; readonly children: VNode }): VNode => (
  <span class="key">
    <svg viewBox="0 0 24 12" aria-hidden="true">
      {children}
    </svg>
    {label}
  </span>
);

const Hatch = ({ id, kind }: { readonly id: string; readonly kind: 'pause' | 'window' }): VNode => (
  <pattern id={id} width="5" height="5" patternUnits="userSpaceOnUse">
    <path class={`hatch-${kind}`} d={kind === 'pause' ? 'M-1 6L6 -1M-1 1L1 -1M4 6L6 4' : 'M0 2.5H1.6'} />
  </pattern>
);

const Grid = ({ ticks, y }: { readonly ticks: readonly Tick[]; y(value: number): number }): VNode => (
  <>
    {ticks.map(({ at, label }) => (
      <>
        <path class="grid" d={`M${LEFT} ${short(y(at))}H${RIGHT}`} />
        <text x={LEFT - 5} y={short(y(at) + 3)} text-anchor="end">
          {label}
        </text>
      </>
    ))}
  </>
);

const scale = (ticks: readonly Tick[], top: number, bottom: number): ((value: number) => number) => {
  const max = ticks.at(-1)?.at ?? 1;
  return (value) => bottom - (value / max) * (bottom - top);
};

/** A tenth of a unit is less than a pixel. */
const short = (n: number): number => Math.round(n * 10) / 10;

/** Whether a run mostly rested between two moments: of its budget nothing is known then. */
const restedIn =
  (spans: readonly Span[]) =>
  (from: number, until: number): boolean =>
    spans.some(
      (span) =>
        span.kind !== 'backoff' &&
        Math.min(span.until, until) - Math.max(span.from, from) > (until - from) / 2,
    );

function pathOf(
  points: readonly Point[],
  x: (at: number) => number,
  y: (value: number) => number,
  isBroken: (from: number, until: number) => boolean = () => false,
): string {
  return points
    .map(({ at, value }, i) => {
      const before = points[i - 1];
      const isNew = before === undefined || isBroken(before.at, at);
      return `${isNew ? 'M' : 'L'}${short(x(at))} ${short(y(value))}`;
    })
    .join('');
}
