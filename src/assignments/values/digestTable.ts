import { hash } from 'node:crypto';

/** A text belongs to one of so many parts, each of which grows by itself: what is copied meanwhile is a small part of the whole. */
const PARTS = 256;
const SLOTS_FIRST = 16;
/** Filled further than this, a table of open addresses grows slow. */
const FILL_MAX = 0.85;
const GROWTH = 1.1;
/** 32-bit numbers of a text's hash that are kept: two texts are taken for one if 96 bits agree, which does not happen. */
const KEY_CELLS = 3;

/**
 * Remembers a few 32-bit numbers for each of many texts, in some 20 to 30 bytes a text whatever its length, so that a million
 * need some 30 MB and not a map of a million texts.
 */
export class DigestTable {
  readonly #parts: readonly Part[];

  /** @param values numbers kept of each text */
  constructor(values: number) {
    this.#parts = Array.from({ length: PARTS }, () => new Part(values));
  }

  /** The numbers of a text, to be read and set in place before the next call. The first is 0 for a new text, and must not stay so. */
  of(text: string): Uint32Array {
    // As text, not as bytes: millions of small buffers are freed late, and are memory outside of the heap until then.
    const digest = hash('sha256', text, 'hex');
    const part = this.#parts[numberAt(digest, KEY_CELLS) % PARTS];
    if (part === undefined) throw new Error('unreachable: a remainder is less than its divisor');
    return part.of(numberAt(digest, 0), numberAt(digest, 1), numberAt(digest, 2));
  }
}

/** The n-th 32-bit number of a hash in hexadecimal. */
const numberAt = (digest: string, n: number): number => Number.parseInt(digest.slice(8 * n, 8 * n + 8), 16);

/** A table of open addresses: a slot is a key and its values, and free while the first of these is 0. */
class Part {
  readonly #width: number;
  #cells: Uint32Array;
  #size = SLOTS_FIRST;
  #texts = 0;

  constructor(values: number) {
    this.#width = KEY_CELLS + values;
    this.#cells = new Uint32Array(this.#size * this.#width);
  }

  of(a: number, b: number, c: number): Uint32Array {
    if (this.#texts >= this.#size * FILL_MAX) this.#grow();
    const at = this.#slot(a, b, c);
    if (this.#cells[at + KEY_CELLS] === 0) {
      this.#setKey(at, a, b, c);
      this.#texts += 1;
    }
    return this.#cells.subarray(at + KEY_CELLS, at + this.#width);
  }

  /** Where a key stands, or is to stand. */
  #slot(a: number, b: number, c: number): number {
    const cells = this.#cells;
    for (let slot = a % this.#size; ; slot = (slot + 1) % this.#size) {
      const at = slot * this.#width;
      const isFree = cells[at + KEY_CELLS] === 0;
      if (isFree || (cells[at] === a && cells[at + 1] === b && cells[at + 2] === c)) return at;
    }
  }

  #setKey(at: number, a: number, b: number, c: number): void {
    this.#cells[at] = a;
    this.#cells[at + 1] = b;
    this.#cells[at + 2] = c;
  }

  #grow(): void {
    const old = this.#cells;
    this.#size = Math.ceil(this.#size * GROWTH);
    this.#cells = new Uint32Array(this.#size * this.#width);
    for (let at = 0; at < old.length; at += this.#width) {
      if (old[at + KEY_CELLS] === 0) continue;
      const to = this.#slot(old[at] ?? 0, old[at + 1] ?? 0, old[at + 2] ?? 0);
      this.#cells.set(old.subarray(at, at + this.#width), to);
    }
  }
}
