import { BrokenFile } from './brokenFile.ts';
import { plusText, START } from './place.ts';

/** How text in UTF-16 begins, as Windows PowerShell's `Out-File` and Excel's "Unicode Text" write it. */
const MARKS = [
  { mark: Buffer.from([0xff, 0xfe]), isBigEndian: false },
  { mark: Buffer.from([0xfe, 0xff]), isBigEndian: true },
] as const;
const MARK_BYTES = 2;
const UNIT_BYTES = 2;

/** The first half of a character whose second one may be in the next piece; and half a character anywhere. */
const FIRST_HALF_AT_END = /[\ud800-\udbff]$/;
const HALF = /\p{Surrogate}/u;

/**
 * The same bytes, but those of text in UTF-16 as UTF-8. What is half a character there ends it with a `BrokenFile`, once all before it has been
 * given: what a file is taken for must not depend on the pieces that it comes in.
 */
export async function* asUtf8(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  let held = Buffer.alloc(0);
  let isBigEndian: boolean | undefined;
  let isKnown = false;
  let place = START;
  function* decoded(isLast: boolean): Generator<Uint8Array, void> {
    let text = textOf(held.subarray(0, held.length - (held.length % UNIT_BYTES)), isBigEndian === true);
    if (!isLast) text = text.replace(FIRST_HALF_AT_END, '');
    held = held.subarray(text.length * UNIT_BYTES);
    const half = text.search(HALF);
    const good = half === -1 ? text : text.slice(0, half);
    place = plusText(place, good);
    if (good !== '') yield Buffer.from(good);
    if (half !== -1 || (isLast && held.length > 0)) throw new BrokenFile({ ...place, ...HALF_CHARACTER });
  }
  for await (const piece of bytes) {
    if (isKnown && isBigEndian === undefined) {
      yield piece;
      continue;
    }
    held = Buffer.concat([held, piece]);
    if (!isKnown) {
      if (held.length < MARK_BYTES) continue;
      isKnown = true;
      const start = held;
      isBigEndian = MARKS.find(({ mark }) => start.subarray(0, MARK_BYTES).equals(mark))?.isBigEndian;
      held = isBigEndian === undefined ? Buffer.alloc(0) : held.subarray(MARK_BYTES);
      if (isBigEndian === undefined) {
        yield start;
        continue;
      }
    }
    yield* decoded(false);
  }
  if (isBigEndian !== undefined) yield* decoded(true);
  else if (held.length > 0) yield held;
}

const textOf = (units: Buffer, isBigEndian: boolean): string =>
  (isBigEndian ? Buffer.from(units).swap16() : units).toString('utf16le');

const HALF_CHARACTER = {
  message: 'The file is UTF-16 text, and about here is half a character.',
  remedy: 'The file is cut or damaged: write or download it again.',
};
