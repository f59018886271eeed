import { BrokenFile } from './brokenFile.ts';
import { JsonRecord } from './jsonRecord.ts';
import type { Utf8Source } from './utf8Source.ts';

/** What a line may be at most, and what to do when one is longer. */
export interface LineLimit {
  readonly charsMax: number;
  readonly remedy: string;
}

/** The lines that are not blank, without the blanks around them; a line that is too long ends the reading. */
export async function* linesOf(source: Utf8Source, limit: LineLimit): AsyncGenerator<JsonRecord, void> {
  let rest = '';
  let line = 1;
  for await (const chunk of source) {
    const [first = '', ...others] = chunk.toString().split('\n');
    rest += first; // not split again: that would cost the square of a long line that comes in small pieces
    for (const next of others) {
      yield* recordIn(rest, line, limit);
      line += 1;
      rest = next;
    }
    checkLength(rest, line, limit);
  }
  yield* recordIn(rest, line, limit);
}

function* recordIn(text: string, line: number, limit: LineLimit): Generator<JsonRecord, void> {
  checkLength(text, line, limit);
  const record = text.trim();
  if (record !== '') yield new JsonRecord(record, { line, column: text.indexOf(record) + 1 });
}

function checkLength(text: string, line: number, { charsMax, remedy }: LineLimit): void {
  if (text.length <= charsMax) return;
  throw new BrokenFile({
    line,
    column: 1,
    message: `The line is longer than ${charsMax} characters.`,
    remedy,
  });
}
