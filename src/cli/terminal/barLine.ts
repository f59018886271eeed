import { shortened } from '../../app/words.ts';

const BAR_CHARS_MAX = 30;
/** A shorter bar tells nothing: its place goes to the facts. */
const BAR_CHARS_MIN = 8;

/** A bar with the facts behind it, on one line of a terminal of so many columns. */
export function barLine(share: number, facts: string, terminalColumns: number): string {
  // The last column stays free: some terminals begin a new line as soon as it is written.
  const columns = terminalColumns - 1;
  const size = Math.min(BAR_CHARS_MAX, columns - facts.length - 1);
  const full = Math.round(share * size);
  return size < BAR_CHARS_MIN
    ? shortened(facts, columns)
    : `${'█'.repeat(full)}${'░'.repeat(size - full)} ${facts}`;
}
