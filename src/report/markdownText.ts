import { visible } from '../assignments/values/visible.ts';

/**
 * Text of others as a code span: in it nothing is markup, a link, a mention of a person, a picture, HTML or a formula, on GitHub, GitLab and
 * Azure DevOps. Pipes are escaped, as it may stand in a table.
 */
export function codeSpan(text: string): string {
  const shown = visible(text).trim();
  if (shown === '') return '–';
  // A backslash before a pipe would take its escape away, and has none of its own in code.
  const inTable = shown.replace(/(\\?)\|/g, (_, slash: string) => (slash === '' ? '\\|' : `${slash}\\u007c`));
  const longest = Math.max(0, ...[...inTable.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  const pad = inTable.startsWith('`') || inTable.endsWith('`') ? ' ' : '';
  return `${fence}${pad}${inTable}${pad}${fence}`;
}

/**
 * A sentence as it stands, whatever is in it: what may be markup, or begin a list or a heading, is escaped; what would become a link or
 * mention somebody or something is broken up.
 */
export const prose = (text: string): string =>
  visible(text)
    .replace(/[\\`*_{}[\]<>|~$&]/g, '\\$&')
    .replace(/^[-+=#]/, '\\$&')
    .replace(/^(\d+)([.)])/, '$1\\$2')
    .replace(/:(?=\/\/)|(?<=\bwww)\./gi, '\\$&')
    .replace(/[@#!%](?=[\w\\])/g, `$&${WORD_JOINER}`);

/** It has no width, and no word begins behind it. */
const WORD_JOINER = '\u2060';

const GUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi;

/** A sentence with ids in it, each with what people call it as a code span beside. */
export function proseCalled(text: string, called: Readonly<Record<string, string>>): string {
  let shown = '';
  let end = 0;
  for (const { 0: id, index } of text.matchAll(GUID)) {
    const name = called[id.toLowerCase()];
    shown += prose(text.slice(end, index)) + (name ? `${codeSpan(name)} (${codeSpan(id)})` : codeSpan(id));
    end = index + id.length;
  }
  return shown + prose(text.slice(end));
}
