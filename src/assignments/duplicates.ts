import { hash } from 'node:crypto';
import type { Change } from './change.ts';
import { FILTER_TYPE } from './filter.ts';
import { isJsonObject } from './json.ts';
import { plainTypeName } from './odataTypes.ts';
import { addressKey } from './policyKinds.ts';
import { patchBody } from './request.ts';

/** The line of an earlier row for the same assignment, and whether it wishes the same. */
export interface Earlier {
  readonly line: number;
  readonly same: boolean;
}

const SLOTS_FIRST = 1 << 12;
/** Filled further than this, a table of open addresses grows slow. */
const FILL_MAX = 0.6;

/**
 * Remembers which assignment each row is for, in 20 bytes a row, so that a million rows need some 50 MB and not a set of a
 * million texts. Two assignments are taken for one if 96 bits of their hashes agree, which does not happen.
 */
export class Duplicates {
  #slots = new Slots(SLOTS_FIRST);
  #rows = 0;

  /** The first earlier row for the change's assignment, if there is one; else the change is remembered. */
  seen(change: Change): Earlier | undefined {
    if (this.#rows >= this.#slots.size * FILL_MAX) this.#slots = this.#slots.grown();
    const digest = hash('sha256', addressKey(change.address), 'buffer');
    const key = [digest.readUInt32LE(0), digest.readUInt32LE(4), digest.readUInt32LE(8)] as const;
    const wish = hash('sha256', wishKey(change), 'buffer').readUInt32LE(0);
    const slot = this.#slots.find(key);
    const line = this.#slots.lineAt(slot);
    if (line !== 0) return { line, same: this.#slots.wishAt(slot) === wish };
    this.#slots.put(slot, key, wish, change.line);
    this.#rows += 1;
    return undefined;
  }
}

type Key = readonly [number, number, number];

/** An open-addressed table of 32-bit numbers: three of the key, the wish, the line. A line of 0 is an empty slot. */
class Slots {
  readonly size: number;
  readonly #cells: Uint32Array;

  constructor(size: number) {
    this.size = size;
    this.#cells = new Uint32Array(size * 5);
  }

  find([a, b, c]: Key): number {
    let slot = a % this.size;
    for (;;) {
      const at = slot * 5;
      const isFree = this.#cells[at + 4] === 0;
      if (isFree || (this.#cells[at] === a && this.#cells[at + 1] === b && this.#cells[at + 2] === c))
        return slot;
      slot = (slot + 1) % this.size;
    }
  }

  lineAt(slot: number): number {
    return this.#cells[slot * 5 + 4] ?? 0;
  }

  wishAt(slot: number): number {
    return this.#cells[slot * 5 + 3] ?? 0;
  }

  put(slot: number, key: Key, wish: number, line: number): void {
    this.#cells.set([...key, wish, line], slot * 5);
  }

  grown(): Slots {
    const larger = new Slots(this.size * 2);
    for (let at = 0; at < this.#cells.length; at += 5) {
      const [a = 0, b = 0, c = 0, wish = 0, line = 0] = this.#cells.subarray(at, at + 5);
      if (line !== 0) larger.put(larger.find([a, b, c]), [a, b, c], wish, line);
    }
    return larger;
  }
}

/**
 * Equal for two changes that wish the same, whatever the letter case of ids, the order of properties, and the spelling of
 * types and of "no filter". What only repeats the address does not count.
 */
function wishKey(change: Change): string {
  const { '@odata.type': _type, id: _id, ...wished } = patchBody(change, undefined);
  const keepsFilter = change.wish.kind === 'described' && change.wish.filter.kind === 'keep';
  return `${keepsFilter} ${stableText(wished)}`.toLowerCase();
}

function stableText(value: unknown): string {
  if (!isJsonObject(value)) return JSON.stringify(value);
  const members = Object.entries(value)
    .filter(([name, inner]) => inner !== null && !(name === FILTER_TYPE && inner === 'none'))
    .map(([name, inner]) => [name, name === '@odata.type' ? plainTypeName(inner) : inner] as const)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, inner]) => `${JSON.stringify(name)}:${stableText(inner)}`).join(',')}}`;
}
