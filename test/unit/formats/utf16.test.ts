import { describe, expect, test } from 'vitest';
import { BrokenFile } from '../../../src/formats/brokenFile.ts';
import { asUtf8 } from '../../../src/formats/utf16.ts';

/** Text in UTF-16 with its mark. */
function utf16(text: string, encoding: 'le' | 'be'): Buffer {
  const bytes = Buffer.from(`\ufeff${text}`, 'utf16le');
  return encoding === 'le' ? bytes : bytes.swap16();
}

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Uint8Array, void> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** What is given, and where it breaks. */
async function read(bytes: Buffer, size: number) {
  let text = '';
  try {
    for await (const piece of asUtf8(inPieces(bytes, size))) text += Buffer.from(piece).toString('utf8');
  } catch (error) {
    if (!(error instanceof BrokenFile)) throw error;
    return { text, line: error.problem.line, column: error.problem.column };
  }
  return { text };
}

describe.each(['le', 'be'] as const)('text in UTF-16, %s', (encoding) => {
  const bytes = utf16('Köln 🙂\n東京', encoding);

  test.each([1, 2, 3, 5, 1_000])('is read in pieces of %i bytes', async (size) => {
    expect(await read(bytes, size)).toEqual({ text: 'Köln 🙂\n東京' });
  });

  test.each([1, 2, 3, 5, 1_000])('breaks where half a character is, in pieces of %i bytes', async (size) => {
    const place = { text: 'Köln 🙂\n東', line: 2, column: 2 };
    expect(await read(utf16('Köln 🙂\n東\ud83dx', encoding), size)).toEqual(place);
    expect(await read(utf16('Köln 🙂\n東\udc00', encoding), size)).toEqual(place);
    expect(await read(utf16('Köln 🙂\n東\ud83d', encoding), size)).toEqual(place);
    expect(await read(bytes.subarray(0, -1), size)).toEqual(place);
  });
});

test('what is no UTF-16 stays as it is', async () => {
  for (const text of ['', 'a', 'ab', 'Berlin'])
    for (const size of [1, 10]) expect(await read(Buffer.from(text), size)).toEqual({ text });
});
