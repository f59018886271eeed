import { isUtf8 } from 'node:buffer';
import type { Problem } from '../assignments/rows/row.ts';
import { BrokenFile } from './brokenFile.ts';
import { RECORD_BYTES_MAX } from './limits.ts';
import { plusText, START, type Place } from './place.ts';

const NUL = 0x00;
const NEWLINE = 0x0a;
const UTF8_BOM = Buffer.from([0xef, 0xbb, 0xbf]);
const UTF8_REMEDY =
  'Save the file as UTF-8 (Excel: "CSV UTF-8 (Comma delimited)"; PowerShell: `Out-File -Encoding utf8`), then run the command again.';

/** How other kinds of file begin. Their later bytes would only give a puzzling message. */
const OTHER_FILES = [
  { start: Buffer.from([0xff, 0xfe]), is: 'UTF-16 text', remedy: UTF8_REMEDY },
  { start: Buffer.from([0xfe, 0xff]), is: 'UTF-16 text', remedy: UTF8_REMEDY },
  {
    start: Buffer.from('PK\u0003\u0004', 'latin1'),
    is: 'an Excel workbook or a ZIP archive',
    remedy: 'Save the sheet as "CSV UTF-8 (Comma delimited)", or unpack the archive.',
  },
  { start: Buffer.from([0x1f, 0x8b]), is: 'compressed (gzip)', remedy: 'Unpack it first: gunzip FILE.' },
] as const;

const SIGNATURE_BYTES_MAX = 4;

/**
 * The bytes of a file, proven to be text: valid UTF-8, no NUL, the byte order mark taken off, and never cut within a
 * character. All that is good comes first, then the first bad byte ends it with a `BrokenFile`. A bad byte belongs to no
 * cell yet, so its column is the character in its line, in CSV too.
 */
export class Utf8Source implements AsyncIterable<Buffer> {
  readonly #good: AsyncGenerator<Buffer, void>;
  #peeked: Buffer[] = [];
  #broken: unknown;

  constructor(bytes: AsyncIterable<Uint8Array>) {
    this.#good = goodChunks(bytes);
  }

  /** The first line that is not blank, or as much of it as a record may have. Reading still starts at the beginning. */
  async firstLine(): Promise<string> {
    return (await this.firstLines(1))[0] ?? '';
  }

  /** The same for so many lines that are not blank. */
  async firstLines(count: number): Promise<string[]> {
    const lines = (): string[] =>
      this.#peekedText()
        .split('\n')
        .filter((line) => line.trim() !== '');
    for (let length = this.#peekedText().length; length <= RECORD_BYTES_MAX;) {
      // The last one may go on in the next chunk.
      if (this.#peeked.some((chunk) => chunk.includes(NEWLINE)) && lines().length > count) break;
      const next = await this.#peek();
      if (next === undefined) break;
      length += next.length;
    }
    return lines()
      .slice(0, count)
      .map((line) => line.trim());
  }

  #peekedText(): string {
    return Buffer.concat(this.#peeked).toString();
  }

  async #peek(): Promise<Buffer | undefined> {
    try {
      const { done, value } = await this.#good.next();
      if (done === true) return undefined;
      this.#peeked.push(value);
      return value;
    } catch (error) {
      this.#broken = error; // told when the reading comes to this place
      return undefined;
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, void> {
    yield* this.#peeked.splice(0);
    if (this.#broken !== undefined) throw this.#broken;
    yield* this.#good;
  }

  /** Lets go of the bytes when they were not read to their end. */
  async close(): Promise<void> {
    await this.#good.return();
  }
}

async function* goodChunks(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer, void> {
  let held: Buffer = Buffer.alloc(0);
  let started = false;
  let place = START;
  for await (const piece of bytes) {
    let chunk: Buffer = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
    if (held.length > 0) chunk = Buffer.concat([held, chunk]);
    held = Buffer.alloc(0);
    if (!started) {
      if (chunk.length < SIGNATURE_BYTES_MAX) {
        held = chunk;
        continue;
      }
      chunk = startOfText(chunk);
      started = true;
    }
    const whole = wholeCharacters(chunk);
    held = chunk.subarray(whole);
    chunk = chunk.subarray(0, whole);
    yield* goodPart(chunk, place);
    place = placeAfter(chunk, place);
  }
  if (!started) held = startOfText(held);
  yield* goodPart(held, place);
}

function* goodPart(chunk: Buffer, place: Place): Generator<Buffer, void> {
  if (isUtf8(chunk) && !chunk.includes(NUL)) {
    if (chunk.length > 0) yield chunk;
    return;
  }
  const bad = firstBadByte(chunk);
  const good = chunk.subarray(0, bad);
  if (good.length > 0) yield good;
  throw new BrokenFile(byteProblem(chunk[bad] ?? NUL, placeAfter(good, place)));
}

function byteProblem(byte: number, { line, column }: Place): Problem {
  if (byte === NUL) {
    const message = `Character ${column} of this line is a NUL byte: the file is UTF-16 or no text at all.`;
    return { line, column, message, remedy: UTF8_REMEDY };
  }
  const hex = byte.toString(16).toUpperCase().padStart(2, '0');
  return {
    line,
    column,
    message: `Character ${column} of this line (byte 0x${hex}) is not UTF-8.`,
    remedy: UTF8_REMEDY,
  };
}

function startOfText(chunk: Buffer): Buffer {
  const other = OTHER_FILES.find(({ start }) => chunk.subarray(0, start.length).equals(start));
  if (other !== undefined) {
    throw new BrokenFile({
      ...START,
      message: `The file is ${other.is}, not UTF-8 text.`,
      remedy: other.remedy,
    });
  }
  return chunk.subarray(0, UTF8_BOM.length).equals(UTF8_BOM) ? chunk.subarray(UTF8_BOM.length) : chunk;
}

/** How many bytes of `chunk` are left when a character that goes on in the next chunk is taken off its end. */
function wholeCharacters(chunk: Buffer): number {
  for (let back = 1; back <= 3 && back <= chunk.length; back++) {
    const length = sequenceLength(chunk[chunk.length - back] ?? 0);
    if (length > back) return chunk.length - back;
  }
  return chunk.length;
}

function firstBadByte(chunk: Buffer): number {
  for (let at = 0; at < chunk.length;) {
    const length = sequenceLength(chunk[at] ?? 0);
    if (chunk[at] === NUL || !isUtf8(chunk.subarray(at, at + length))) return at;
    at += length;
  }
  return chunk.length;
}

/** How many bytes the character has that starts with this one. */
function sequenceLength(lead: number): number {
  if (lead >= 0xf0) return 4;
  if (lead >= 0xe0) return 3;
  return lead >= 0xc0 ? 2 : 1;
}

function placeAfter(chunk: Buffer, { line, column }: Place): Place {
  let newlines = 0;
  let last = -1;
  for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, at + 1)) {
    newlines += 1;
    last = at;
  }
  return plusText(
    { line: line + newlines, column: newlines === 0 ? column : 1 },
    chunk.toString('utf8', last + 1),
  );
}
