/**
 * How a report looks beside THEME, PLOT_STYLE and DIFF_STYLE: on a screen from 360 px on, and on A4 with its heading and page numbers at
 * the margins of each page.
 */
export const REPORT_STYLE = `
body { font-size: 0.9375rem; }
main { padding-bottom: 3rem; }
.masthead { border-bottom: 3px solid var(--bar); padding: 0 0 0.75rem; margin-bottom: 1.25rem; }
.masthead p { margin: 0.25rem 0; } .masthead h1 { margin: 1.25rem 0 0.25rem; font-size: 1.75rem; }
.lead { font-size: 1.05rem; }
.sums { display: flex; flex-wrap: wrap; gap: 0.75rem; margin: 1.25rem 0; padding: 0; list-style: none; }
.sums li { flex: 1 1 7rem; border: 1px solid var(--line); border-radius: 6px; padding: 0.5rem 0.75rem; background: var(--raised); }
.sums b { display: block; font-size: 1.5rem; line-height: 1.2; font-variant-numeric: tabular-nums; }
.facts { display: grid; grid-template-columns: minmax(8rem, max-content) 1fr; gap: 0.3rem 1.25rem; margin: 0; }
.facts dt { color: var(--quiet); } .facts dd { margin: 0; } .facts dd span { display: block; }
td.n, th.n { text-align: end; font-variant-numeric: tabular-nums; white-space: nowrap; }
th { font-size: 0.8125rem; color: var(--quiet); border-bottom: 2px solid var(--line); vertical-align: bottom; }
table.fixed { table-layout: fixed; } .fixed .line { width: 4.5em; } .fixed .name { width: 27%; } .fixed .result { width: 15%; } .fixed .time { width: 7.2em; }
.id { color: var(--quiet); font-size: 0.8em; } .small { color: var(--quiet); font-size: 0.85em; display: block; }
.rows td { font-size: 0.875rem; }
/* What is long is the last cell alone: the others stay whole. */
.log th, .log td:not(:last-child) { overflow-wrap: normal; } .log td:first-child { white-space: nowrap; }
ul.lines { margin: 0.25rem 0; padding-inline-start: 1.25rem; }
.beside { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr)); gap: 0 3rem; align-items: start; }
.finding { break-inside: avoid; margin: 0.75rem 0; }
@media (max-width: 44rem) {
  .facts { grid-template-columns: 1fr; gap: 0; } .facts dd { margin-bottom: 0.6rem; }
  .rows table, .rows tbody, .rows tr, .rows td { display: block; } .rows thead { display: none; }
  .rows tr { border-bottom: 1px solid var(--line); padding: 0.5rem 0; } .rows td { border: 0; padding: 0.1rem 0; }
  .rows td.line::before { content: "line "; } .rows td.n { text-align: start; }
  .rows td.line, .rows td.time { color: var(--quiet); font-size: 0.8rem; }
}
@page {
  size: A4; margin: 17mm 13mm 16mm;
  @bottom-right { content: counter(page) " / " counter(pages); font: 8pt system-ui, sans-serif; color: #555; }
  @bottom-left { content: "retarget"; font: 8pt system-ui, sans-serif; color: #555; }
}
@page :first { margin-top: 12mm; }
@media print {
  body { font-size: 9.5pt; } h1 { font-size: 17pt; } h2 { font-size: 12pt; margin-top: 6mm; break-after: avoid; } h3 { break-after: avoid; }
  .sums li { padding: 1.5mm 2.5mm; background: none; } .sums b { font-size: 14pt; }
  .facts { display: grid; grid-template-columns: 40mm 1fr; gap: 0.6mm 4mm; } .facts dd { margin: 0; }
  .rows td { font-size: 8pt; padding: 0.8mm 1.5mm; line-height: 1.35; } th { font-size: 8pt; }
  .rows h2 { break-before: page; }
  /* Beside a name the id of a group only takes room here: it stands in the list of targets. */
  .rows b + .id { display: none; } .rows .small { font-size: 7pt; }
  .fixed .line { width: 10mm; } .fixed .name { width: 36%; } .fixed .result { width: 13%; } .fixed .time { width: 19mm; }
  .rows .small .id { white-space: nowrap; font-size: 6.5pt; } .rows td { padding: 0.6mm 1mm; line-height: 1.25; }
  .beside { grid-template-columns: 1fr 1fr; gap: 0 8mm; } .masthead h1 { font-size: 17pt; } .lead { font-size: 10.5pt; }
  th, td { padding: 0.8mm 1.5mm; } .plot { max-width: 120mm; }
  :root { --quiet: #444; --good: #000; --bad: #000; --warn: #000; --line: #999; }
}
`;
