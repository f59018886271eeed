/**
 * How pages and reports look: one sheet for both, light and dark, from 360 px on, and on paper. Colours are named by what they mean; those of
 * text keep a contrast of 4.5 : 1 on their ground (WCAG 2.2, AA).
 */
export const THEME = `
:root {
  color-scheme: light dark;
  --ground: #ffffff; --raised: #f4f5f7; --line: #c9ced6; --text: #16191d; --quiet: #515a66;
  --link: #0b57b0; --good: #1a6b3c; --bad: #a8211b; --warn: #7a4d00; --bar: #2f6fc4;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #14171b; --raised: #1f242a; --line: #3d454f; --text: #e8eaed; --quiet: #a7b0bb;
    --link: #8ab8f5; --good: #7fd1a0; --bad: #f2938c; --warn: #e6b95c; --bar: #5b96e0;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--ground); color: var(--text);
  font: 1rem/1.5 system-ui, -apple-system, 'Segoe UI', sans-serif; overflow-wrap: anywhere;
}
main, header, footer { max-width: 72rem; margin: 0 auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; margin-top: 2rem; } h3 { font-size: 1rem; }
a { color: var(--link); }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
code, pre { font-family: ui-monospace, 'Cascadia Mono', Menlo, Consolas, monospace; font-size: 0.9em; }
pre { background: var(--raised); padding: 0.75rem; overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: start; vertical-align: top; padding: 0.35rem 0.6rem; border-bottom: 1px solid var(--line); }
.quiet { color: var(--quiet); } .good { color: var(--good); } .bad { color: var(--bad); } .warn { color: var(--warn); }
.wide { overflow-x: auto; }
@media print {
  :root { color-scheme: light; }
  main, header, footer { max-width: none; padding: 0; }
  a { color: inherit; }
  thead { display: table-header-group; }
  tr, figure { break-inside: avoid; }
}
`;
