import { rehearsalFacts, verdictOf } from '../app/rehearse/rehearsalInWords.ts';
import { prose } from './markdownText.ts';
import { isProven, type FailedAlike, type Rehearsal } from '../app/rehearse/rehearsal.ts';

/** The same for tickets that take Markdown. What came from the tenant stands in it as text. */
export function rehearsalMarkdown(rehearsal: Rehearsal): string {
  const { plan, run, undo } = rehearsal;
  return [
    `# Rehearsal of ${prose(plan.header.source.name)}`,
    `**${isProven(rehearsal) ? '✓' : '✗'} ${verdictOf(rehearsal)}**`,
    `Tenant ${prose(plan.header.tenant)}, plan ${prose(plan.name)} (fingerprint \`${plan.end.fingerprint.slice(0, 12)}\`), rehearsed ${rehearsal.rehearsedAt.slice(0, 16).replace('T', ' ')} UTC on a stand-in; nothing was written to the tenant.`,
    table(
      ['', 'seen', ''],
      rehearsalFacts(rehearsal).map(({ about, fact, more }) => [about, fact, more]),
    ),
    ...failures('Rows that did not come through', run.failures),
    ...failures('Rows of the undo that did not come through', undo?.failures ?? []),
  ].join('\n\n');
}

const failures = (title: string, found: readonly FailedAlike[]): readonly string[] =>
  found.length === 0
    ? []
    : [
        `## ${title}`,
        table(
          ['rows', 'status', 'code', 'why', 'lines'],
          found.map(({ rows, status, code, message, lines }) => [
            ...[String(rows), status, code, message],
            lines.join(', ') + (rows > lines.length ? ', …' : ''),
          ]),
        ),
      ];

const table = (headings: readonly string[], rows: readonly (readonly string[])[]): string =>
  [headings, headings.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.map((cell) => (cell === '---' ? cell : prose(cell))).join(' | ')} |`)
    .join('\n');
