import { hash } from 'node:crypto';

const SLOTS_FIRST = 1 << 12;
/** Filled further than this, a table of open addresses grows slow. */
const FILL_MAX = 0.75;
/** While a table grows the old one is there beside it: doubling would leave more of it empty, and more often than not for good. */
const GROWTH = 1.3;
/** 32-bit numbers of a text's hash that are kept: two texts are taken for one if 96 bits agree, which does not happen. */
const KEY_CELLS = 3;

/**
 * Remembers a few 32-bit numbers for each of many texts, in some 20 to 30 bytes a text whatever its length, so that a million
 * need some 30 MB and not a map of a million texts.
 */
export class DigestTable {
  readonly #values: number;
  #cells: Uint32Array;
  #size = SLOTS_FIRST;
  #texts = 0;

  /** @param values numbers kept of each text */
  constructor(values: number) {
    this.#values = values;
    this.#cells = new Uint32Array(this.#size * this.#width);
  }

  /** The numbers of a text, to be read and set in place before the next call. The first is 0 for a new text, and must not stay so. */
  of(text: string): Uint32Array {
    if (this.#texts >= this.#size * FILL_MAX) this.#grow();
    // As text, not as bytes: millions of small buffers are freed late, and are memory outside of the heap until then.
    const digest = hash('sha256', text, 'hex');
    const key = Array.from({ length: KEY_CELLS }, (_, i) =>
      Number.parseInt(digest.slice(8 * i, 8 * i + 8), 16),
    );
    const found = this.#find(key);
    const values = found.subarray(KEY_CELLS);
    if (values[0] === 0) {
      found.set(key);
      this.#texts += 1;
    }
    return values;
  }

  get #width(): number {
    return KEY_CELLS + this.#values;
  }

  #find(key: readonly number[]): Uint32Array {
    for (let slot = (key[0] ?? 0) % this.#size; ; slot = (slot + 1) % this.#size) {
      const entry = this.#cells.subarray(slot * this.#width, (slot + 1) * this.#width);
      if (entry[KEY_CELLS] === 0 || key.every((part, i) => entry[i] === part)) return entry;
    }
  }

  #grow(): void {
    const old = this.#cells;
    this.#size = Math.ceil(this.#size * GROWTH);
    this.#cells = new Uint32Array(this.#size * this.#width);
    for (let at = 0; at < old.length; at += this.#width) {
      const entry = old.subarray(at, at + this.#width);
      if (entry[KEY_CELLS] !== 0) this.#find([...entry.subarray(0, KEY_CELLS)]).set(entry);
    }
  }
}
