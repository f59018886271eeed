import { TextDecoder } from 'node:util';
import { BrokenFile } from './brokenFile.ts';
import { plusText, START } from './place.ts';

/** How text in UTF-16 begins, as Windows PowerShell's `Out-File` and Excel's "Unicode Text" write it. */
const MARKS = [
  { mark: Buffer.from([0xff, 0xfe]), encoding: 'utf-16le' },
  { mark: Buffer.from([0xfe, 0xff]), encoding: 'utf-16be' },
] as const;
const MARK_BYTES = 2;

/** The same bytes, but those of text in UTF-16 as UTF-8. What is half a character there ends it with a `BrokenFile`. */
export async function* asUtf8(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  let held: Buffer | undefined = Buffer.alloc(0);
  let decoder: TextDecoder | undefined;
  let place = START;
  const decoded = (chunk: Uint8Array | undefined): Buffer => {
    try {
      const text = (decoder as TextDecoder).decode(chunk, { stream: chunk !== undefined });
      place = plusText(place, text);
      return Buffer.from(text);
    } catch {
      throw new BrokenFile({ ...place, ...HALF_CHARACTER });
    }
  };
  for await (const piece of bytes) {
    if (held === undefined) {
      yield decoder === undefined ? piece : decoded(piece);
      continue;
    }
    held = Buffer.concat([held, piece]);
    if (held.length < MARK_BYTES) continue;
    const start = held;
    const encoding = MARKS.find(({ mark }) => start.subarray(0, MARK_BYTES).equals(mark))?.encoding;
    if (encoding !== undefined) decoder = new TextDecoder(encoding, { fatal: true });
    held = undefined;
    yield decoder === undefined ? start : decoded(start);
  }
  if (held !== undefined && held.length > 0) yield held;
  if (decoder !== undefined) yield decoded(undefined);
}

const HALF_CHARACTER = {
  message: 'The file is UTF-16 text, and about here is half a character.',
  remedy: 'The file is cut or damaged: write or download it again.',
};
