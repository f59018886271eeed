/** What the scripts are told: values with names. Nothing may be undefined; null is nil there. */
export type Packable =
  number | string | boolean | null | Uint8Array | readonly Packable[] | { readonly [name: string]: Packable };

/**
 * A value as the MessagePack that Redis' scripts read. Their cmsgpack knows no binary type, which msgpackr and others write bytes
 * as, so here bytes and text are both "raw". Source: github.com/redis/redis deps/lua/src/lua_cmsgpack.c.
 */
export function packForScript(value: Packable): Buffer {
  const parts: Uint8Array[] = [];
  add(parts, value);
  return Buffer.concat(parts);
}

function add(parts: Uint8Array[], value: Packable): void {
  if (value === null) parts.push(NIL);
  else if (typeof value === 'boolean') parts.push(value ? TRUE : FALSE);
  else if (typeof value === 'number') parts.push(numberBytes(value));
  else if (typeof value === 'string') addRaw(parts, Buffer.from(value));
  else if (value instanceof Uint8Array) addRaw(parts, value);
  else if (isList(value)) {
    parts.push(head(0xdd, value.length));
    for (const each of value) add(parts, each);
  } else {
    const entries = Object.entries(value);
    parts.push(head(0xdf, entries.length));
    for (const [name, each] of entries) {
      parts.push(rawName(name));
      add(parts, each);
    }
  }
}

const NIL = Uint8Array.of(0xc0);
const FALSE = Uint8Array.of(0xc2);
const TRUE = Uint8Array.of(0xc3);

// `Array.isArray` does not narrow a readonly array away.
const isList = (value: object): value is readonly Packable[] => Array.isArray(value);

function numberBytes(value: number): Uint8Array {
  if (Number.isInteger(value) && value >= 0 && value < 128) return Uint8Array.of(value);
  const bytes = Buffer.alloc(9, 0xcb);
  bytes.writeDoubleBE(value, 1);
  return bytes;
}

function addRaw(parts: Uint8Array[], bytes: Uint8Array): void {
  parts.push(bytes.length < 32 ? Uint8Array.of(0xa0 | bytes.length) : head(0xdb, bytes.length), bytes);
}

/** A length in four bytes behind its type. */
function head(type: number, length: number): Uint8Array {
  const bytes = Buffer.of(type, 0, 0, 0, 0);
  bytes.writeUInt32BE(length, 1);
  return bytes;
}

/** The names are the same few again and again. */
const rawNames = new Map<string, Uint8Array>();
const RAW_NAMES_MAX = 500;

function rawName(name: string): Uint8Array {
  const known = rawNames.get(name);
  if (known !== undefined) return known;
  const parts: Uint8Array[] = [];
  addRaw(parts, Buffer.from(name));
  const bytes = Buffer.concat(parts);
  if (rawNames.size < RAW_NAMES_MAX) rawNames.set(name, bytes);
  return bytes;
}
