import { shortened } from '../../app/words.ts';

const BAR_CHARS_MAX = 30;
/** A shorter bar tells nothing: its place goes to the facts. */
const BAR_CHARS_MIN = 8;

/**
 * A bar with the facts behind it, on one line of a terminal of so many columns.
 * @param more what is shown where it has room beside them
 */
export function barLine(share: number, needed: string, terminalColumns: number, more = ''): string {
  // The last column stays free: some terminals begin a new line as soon as it is written.
  const columns = terminalColumns - 1;
  const all = `${needed}${more}`;
  const facts = all.length + 1 + BAR_CHARS_MIN <= columns ? all : needed;
  const size = Math.min(BAR_CHARS_MAX, columns - facts.length - 1);
  const full = Math.round(share * size);
  return size < BAR_CHARS_MIN
    ? shortened(facts, columns)
    : `${'█'.repeat(full)}${'░'.repeat(size - full)} ${facts}`;
}
