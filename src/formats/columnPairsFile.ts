import { isJsonObject } from '../assignments/values/json.ts';

/** A pair as `--columns` has it, with the line of the file where it stands. */
export interface WrittenPair {
  readonly text: string;
  readonly line: number;
}

/**
 * The pairs of a file: lines such as `OldGroup=fromGroupName`, or with a comma, semicolon or tab between the two; or a JSON object. Blank lines and
 * such that begin with `#` are passed over.
 */
export function pairsIn(text: string): readonly WrittenPair[] {
  const whole = jsonIn(text);
  if (whole !== undefined)
    return Object.entries(whole).map(([name, column]) => ({
      text: `${name}=${String(column ?? '')}`,
      line: 1,
    }));
  return text
    .split(/\r?\n/)
    .flatMap((line, n) =>
      /^\s*(#|$)/.test(line) ? [] : pairsOf(line).map((pair) => ({ text: pair, line: n + 1 })),
    );
}

function jsonIn(text: string): Record<string, unknown> | undefined {
  if (!text.trimStart().startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function pairsOf(line: string): readonly string[] {
  if (line.includes('=')) return line.split(',');
  const cells = line.split(/[,;\t]/).map((cell) => cell.trim().replace(/^"(.*)"$/, '$1'));
  return cells.length === 2 ? [cells.join('=')] : [line];
}
