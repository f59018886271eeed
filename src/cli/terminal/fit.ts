import { cutInMiddle, padded, widthOf } from './width.ts';

/** A cell that is cut keeps this much. */
const CELL_CHARS_MIN = 10;
/** A last cell that is wrapped has this much beside the others, or begins on a line of its own. */
const WRAPPED_CHARS_MIN = 24;
const GAP = '  ';

/** A word, or a command or option as it is to be pasted, which a terminal parts without a break: between backticks, or at the end behind a colon. */
const WORD = /(?<=:\s+)(?:(?:[A-Z_]+=\S+\s)*(?:\S*\s)?retarget|--allow)\s.*|(?:`[^`]*`|[^\s`]|`)+/g;

/**
 * A line as lines of a terminal of so many columns, parted between words; a word that is longer has a line of its own. What follows the
 * first is indented.
 * @param columns undefined: no terminal, nothing has to fit
 * @param hang of the lines after the first; without it two more than the first
 */
export function wrapped(line: string, columns: number | undefined, hang?: number): string[] {
  if (columns === undefined || widthOf(line) <= columns) return [line];
  const leading = /^ */.exec(line)?.[0] ?? '';
  const indent = ' '.repeat(
    Math.min(hang ?? leading.length + 2, Math.max(columns / 2, columns - WRAPPED_CHARS_MIN)),
  );
  const lines: string[] = [];
  let current = '';
  let end = 0;
  for (const { 0: word, index } of line.matchAll(WORD)) {
    // The spaces before it: they may align what stands below each other.
    const longer = current + line.slice(end, index) + word;
    end = index + word.length;
    if (current === '' || widthOf(longer) <= columns) current = longer;
    else {
      lines.push(current);
      current = indent + word;
    }
  }
  return [...lines, current];
}

/** How a table fits where there is little room. */
export interface TableFit {
  /** undefined: no terminal, nothing has to fit. */
  readonly columns: number | undefined;
  /** The last cells are sentences: they are parted between words. All others are cut in their middle. */
  readonly wrapsLast?: boolean;
}

/** Lines of a table. Its first column is never cut: what stands there is to be typed again. */
export function tableLines(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  { columns = Infinity, wrapsLast = false }: TableFit,
): string[] {
  const all = [headings, ...rows];
  if (sum(widthsOf(all)) <= columns) return linesOf(all, widthsOf(all));
  const cells = withoutEmpty(all);
  const last = (cells[0]?.length ?? 0) - 1;
  if (!wrapsLast) {
    const widths = cut(widthsOf(cells), columns);
    return linesOf(
      cells.map((row) => row.map((cell, i) => cutInMiddle(cell, widths[i] ?? 0))),
      widths,
    ).flatMap((line) => wrapped(line, columns));
  }
  const others = cells.map((row) => row.slice(0, last));
  const widths = cut(widthsOf(others), columns - GAP.length - WRAPPED_CHARS_MIN);
  const hang = sum(widths) + GAP.length;
  const heads = linesOf(
    others.map((row) => row.map((cell, i) => cutInMiddle(cell, widths[i] ?? 0))),
    widths,
  );
  const longest = Math.max(...cells.flatMap((row) => (row[last] ?? '').split(/\s/).map(widthOf)));
  const isBeside = columns - hang >= Math.max(WRAPPED_CHARS_MIN, longest);
  return heads.flatMap((head, i) => {
    const text = cells[i]?.[last] ?? '';
    if (isBeside) return wrapped(`${padded(head, hang)}${text}`.trimEnd(), columns, hang);
    return [head, ...(text === '' ? [] : wrapped(`    ${text}`, columns, 4))];
  });
}

/** Without columns that say nothing: all below the heading is empty or 0. */
function withoutEmpty(cells: readonly (readonly string[])[]): string[][] {
  const [headings = [], ...rows] = cells;
  const says = headings.map((_, i) => i === 0 || rows.some((row) => (row[i] ?? '') !== '' && row[i] !== '0'));
  return cells.map((row) => row.filter((_, i) => says[i]));
}

/** Takes from the widest until all fit, or nothing more can be taken. */
function cut(widths: readonly number[], columns: number): number[] {
  const left = [...widths];
  for (let over = sum(left) - columns; over > 0; over -= 1) {
    const widest = Math.max(...left.slice(1));
    if (widest <= CELL_CHARS_MIN) break;
    left[left.indexOf(widest, 1)] = widest - 1;
  }
  return left;
}

const widthsOf = (cells: readonly (readonly string[])[]): number[] =>
  (cells[0] ?? []).map((_, i) => Math.max(...cells.map((row) => widthOf(row[i] ?? ''))));

const sum = (widths: readonly number[]): number =>
  widths.reduce((total, width) => total + width, GAP.length * Math.max(0, widths.length - 1));

const linesOf = (cells: readonly (readonly string[])[], widths: readonly number[]): string[] =>
  cells.map((row) =>
    row
      .map((cell, i) => (i === row.length - 1 ? cell : padded(cell, widths[i] ?? 0)))
      .join(GAP)
      .trimEnd(),
  );
