import { distance } from 'fastest-levenshtein';

/** Something of the tenant that people call by a name. Several may have one name. */
export interface Named {
  readonly id: string;
  readonly name: string;
}

/** What a name was found to mean. */
export type Found<T> =
  /** `isFolded`: only when letter case and the Unicode form of its letters do not count. */
  | { readonly kind: 'one'; readonly found: T; readonly isFolded: boolean }
  | { readonly kind: 'none'; readonly nearest: readonly T[] }
  | { readonly kind: 'several'; readonly candidates: readonly T[] };

/** Names that are told where one was not found. */
const NEAREST_MAX = 3;
/** Differences that still count as near, however short the name. */
const TYPING_ERRORS_MIN = 3;
/** A longer name is told from others by its beginning. */
const COMPARED_CHARS_MAX = 256;

/** As it is shown: blanks around a name do not count anywhere. */
const trimmed = (name: string): string => name.trim();

/** What two spellings of one name have in common: blanks around it, letter case and Unicode's two ways to write é do not count. */
export const foldedName = (name: string): string => trimmed(name).normalize('NFC').toLowerCase();

/** Finds things by their names: never the first of several, and never by a part of a name. */
export class NameTable<T extends Named> {
  readonly #byName: ReadonlyMap<string, readonly T[]>;
  readonly #byFolded: ReadonlyMap<string, readonly T[]>;

  constructor(items: readonly T[]) {
    this.#byName = Map.groupBy(items, ({ name }) => trimmed(name));
    this.#byFolded = Map.groupBy(items, ({ name }) => foldedName(name));
  }

  /**
   * An exact match wins over folded ones.
   * @param fits what else must hold of it
   */
  find(name: string, fits: (item: T) => boolean = () => true): Found<T> {
    const exact = (this.#byName.get(trimmed(name)) ?? []).filter(fits);
    const matches = exact.length > 0 ? exact : (this.#byFolded.get(foldedName(name)) ?? []).filter(fits);
    const [found, ...others] = matches;
    if (found === undefined) return { kind: 'none', nearest: this.#nearest(name, fits) };
    if (others.length > 0) return { kind: 'several', candidates: matches };
    return { kind: 'one', found, isFolded: exact.length === 0 };
  }

  /** Names that differ in little, or that have this one in them or are in it. */
  #nearest(name: string, fits: (item: T) => boolean): readonly T[] {
    const wanted = foldedName(name).slice(0, COMPARED_CHARS_MAX);
    if (wanted === '') return [];
    const near: { readonly item: T; readonly by: number }[] = [];
    for (const [folded, items] of this.#byFolded) {
      const item = items.find(fits);
      if (item === undefined) continue;
      const other = folded.slice(0, COMPARED_CHARS_MAX);
      const by = distance(wanted, other);
      const isPart = other.includes(wanted) || wanted.includes(other);
      if (isPart || by <= Math.max(TYPING_ERRORS_MIN, Math.floor(wanted.length / 3))) near.push({ item, by });
    }
    return near
      .toSorted((a, b) => a.by - b.by)
      .slice(0, NEAREST_MAX)
      .map(({ item }) => item);
  }
}
