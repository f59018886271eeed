import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, inflateRaw } from 'node:zlib';
import type { LostWhy } from './batchEnvelope.ts';
import { headerOf } from './headers.ts';

/** What is asked for. Whatever packs replies although nobody asked for it mostly takes gzip. */
export const ACCEPT_ENCODING = 'gzip, deflate, br';

/** Codings of one reply on top of each other. Seen: one. */
const CODINGS_MAX = 3;

type Unpack = (bytes: Buffer, options: { readonly maxOutputLength: number }) => Promise<Buffer>;

const unzlib: Unpack = promisify(inflate);
const unraw: Unpack = promisify(inflateRaw);

/** RFC 9110, 8.4.1. `deflate` is zlib's format, and some servers have always sent it without that. */
const UNPACK: ReadonlyMap<string, Unpack> = new Map<string, Unpack>([
  ['gzip', promisify(gunzip)],
  ['x-gzip', promisify(gunzip)],
  [
    'deflate',
    (bytes, options) =>
      unzlib(bytes, options).catch((error: unknown) => {
        if (isOf(error, 'ERR_BUFFER_TOO_LARGE')) throw error;
        return unraw(bytes, options);
      }),
  ],
  ['br', promisify(brotliDecompress)],
  ['identity', async (bytes) => bytes],
]);

/**
 * The body of a reply as text, or why there is none: the limit holds for what comes out, or a small reply would fill the memory.
 * Text is UTF-8; a byte order mark is dropped, a wrong byte becomes U+FFFD and then mostly a status that can't be read.
 */
export async function textIn(
  bytes: Buffer,
  headers: Readonly<Record<string, unknown>>,
  bytesMax: number,
): Promise<{ readonly text: string } | { readonly why: LostWhy }> {
  const codings = codingsIn(headers);
  const unpacks = codings.map((coding) => UNPACK.get(coding));
  if (unpacks.length > CODINGS_MAX || unpacks.some((unpack) => unpack === undefined))
    return { why: 'unreadable' };
  let plain = bytes;
  try {
    // An answer without a body has nothing to unpack, whatever its headers say.
    for (const unpack of bytes.length > 0 ? unpacks.toReversed() : [])
      plain = (await unpack?.(plain, { maxOutputLength: bytesMax })) ?? plain;
  } catch (error) {
    if (isOf(error, 'ERR_BUFFER_TOO_LARGE')) return { why: 'tooLarge' };
    return { why: isOf(error, 'Z_BUF_ERROR') ? 'cutShort' : 'unreadable' };
  }
  return { text: utf8.decode(plain) };
}

/** A coding that is not understood; undefined when there is none. */
export const strangeCoding = (headers: Readonly<Record<string, unknown>>): string | undefined =>
  codingsIn(headers).find((coding) => !UNPACK.has(coding));

/** In the order they were put on. */
const codingsIn = (headers: Readonly<Record<string, unknown>>): string[] =>
  (headerOf(headers, 'content-encoding') ?? '')
    .split(',')
    .map((coding) => coding.trim().toLowerCase())
    .filter((coding) => coding !== '');

const isOf = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;

const utf8 = new TextDecoder();
