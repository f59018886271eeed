/** What takes some reading is kept for a while, for all pages that show it. */
export class Kept<K, T> {
  readonly #read: (of: K) => Promise<T>;
  readonly #everyMs: number;
  readonly #known = new Map<
    string,
    { readonly sign: string; readonly at: number; readonly value: Promise<T> }
  >();

  /** @param everyMs it is read again at most so often, whatever happens meanwhile */
  constructor(everyMs: number, read: (of: K) => Promise<T>) {
    this.#everyMs = everyMs;
    this.#read = read;
  }

  /** @param sign what it follows from: as long as that is the same it is not read again */
  async of(key: string, sign: string, what: K): Promise<T> {
    const now = performance.now();
    const known = this.#known.get(key);
    if (known !== undefined && (known.sign === sign || now - known.at < this.#everyMs)) return known.value;
    const value = this.#read(what);
    this.#known.delete(key);
    this.#known.set(key, { sign, at: now, value });
    value.catch(() => this.#known.delete(key));
    const [oldest] = this.#known.keys();
    if (this.#known.size > KEPT_MAX && oldest !== undefined) this.#known.delete(oldest);
    return value;
  }
}

const KEPT_MAX = 100;
