/** How plots look, beside THEME, whose colours they take. On paper everything is told by lines and hatching alone. */
export const PLOT_STYLE = `
.plot { margin: 1rem 0; max-width: 44rem; container-type: inline-size; }
.plot svg { display: block; width: 100%; height: auto; }
.plot text { fill: var(--quiet); font: 9px system-ui, -apple-system, 'Segoe UI', sans-serif; }
.plot .heading { fill: var(--text); font-weight: 600; }
.plot .grid { stroke: var(--line); stroke-width: 0.6; }
.plot .axis { stroke: var(--quiet); stroke-width: 0.8; }
.plot .line { fill: none; stroke: var(--bar); stroke-width: 1.6; stroke-linejoin: round; }
.plot .area { fill: var(--bar); fill-opacity: 0.18; }
.plot .total, .plot .limit { fill: none; stroke: var(--text); stroke-width: 0.9; stroke-dasharray: 4 2.5; }
.plot .other { stroke-dasharray: 1.5 1.5; }
.plot .throttled { stroke: var(--bad); stroke-width: 1.8; }
.plot .backoff { fill: var(--bad); fill-opacity: 0.22; }
.plot .hatch-pause { stroke: var(--warn); stroke-width: 1.2; }
.plot .hatch-window { stroke: var(--quiet); stroke-width: 1; }
.plot .span { stroke: none; }
.plot figcaption { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; color: var(--quiet); font-size: 0.875rem; }
.plot .key { display: inline-flex; align-items: center; gap: 0.4rem; }
.plot .key svg { width: 1.5rem; height: 0.75rem; flex: none; }
@container (max-width: 30rem) { .plot text { font-size: 14px; } .plot .narrow-off { display: none; } }
@media print {
  .plot { break-inside: avoid; }
  .plot text, .plot figcaption { fill: #000; color: #000; }
  .plot .line, .plot .throttled, .plot .hatch-pause, .plot .hatch-window, .plot .total, .plot .limit, .plot .axis { stroke: #000; }
  .plot .area { fill: #000; fill-opacity: 0.08; } .plot .backoff { fill: #000; fill-opacity: 0.35; }
  .plot .grid { stroke: #bbb; }
}
`;
