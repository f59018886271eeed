/** How deep a JSON record may nest. Graph's own bodies need four. */
export const JSON_DEPTH_MAX = 32;

/** Where text is no JSON, from its start, and what could stand there. */
export interface JsonFault {
  readonly at: number;
  readonly expected: string;
}

export interface JsonMember {
  readonly key: string;
  readonly keyAt: number;
  readonly valueAt: number;
  /** 1 for the members of the outermost value. */
  readonly depth: number;
  /** Its object had a member of this name before. */
  readonly repeated: boolean;
}

/**
 * Walks JSON text to find what `JSON.parse` does not tell: where its first fault is, where each member stands, which is
 * repeated. Several times slower, so it runs only when a place is asked for. It refuses exactly what `JSON.parse` refuses,
 * and what nests deeper than JSON_DEPTH_MAX.
 */
export function walkJson(text: string): { fault: JsonFault | undefined; members: readonly JsonMember[] } {
  const walk = new Walk(text);
  try {
    walk.whole();
    return { fault: undefined, members: walk.members };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { fault: error, members: walk.members };
  }
}

/** Thrown within this file only, to come out of the recursion. */
class Fault extends Error implements JsonFault {
  readonly at: number;
  readonly expected: string;

  constructor(at: number, expected: string) {
    super(expected);
    this.at = at;
    this.expected = expected;
  }
}

const BLANK = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const LITERAL = /true|false|null/y;
const PLAIN_TEXT = /[^"\\\u0000-\u001f]*/y; // eslint-disable-line no-control-regex -- JSON forbids them in text
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

class Walk {
  readonly members: JsonMember[] = [];
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  whole(): void {
    this.#skip(BLANK);
    this.#value(0);
    this.#skip(BLANK);
    if (this.#at < this.#text.length) throw new Fault(this.#at, 'nothing more');
  }

  #value(depth: number): void {
    if (depth > JSON_DEPTH_MAX) throw new Fault(this.#at, `no more than ${JSON_DEPTH_MAX} levels of nesting`);
    const first = this.#text[this.#at];
    if (first === '{')
      this.#list('}', () => this.#member(depth + 1, this.#names.get(depth) ?? new Set()), depth);
    else if (first === '[') this.#list(']', () => this.#value(depth + 1), depth);
    else if (first === '"') this.#string();
    else if (this.#skip(NUMBER) === '' && this.#skip(LITERAL) === '') throw new Fault(this.#at, 'a value');
  }

  /** The names so far of the object that is open at each depth. */
  readonly #names = new Map<number, Set<string>>();

  #list(close: '}' | ']', element: () => void, depth: number): void {
    this.#names.set(depth, new Set());
    this.#at += 1;
    this.#skip(BLANK);
    if (this.#take(close)) return;
    for (;;) {
      element();
      this.#skip(BLANK);
      if (this.#take(close)) return;
      if (!this.#take(',')) throw new Fault(this.#at, `a comma or ${close}`);
      this.#skip(BLANK);
    }
  }

  #member(depth: number, names: Set<string>): void {
    const keyAt = this.#at;
    if (this.#text[keyAt] !== '"') throw new Fault(keyAt, 'a name in double quotes');
    const key = this.#string();
    this.#skip(BLANK);
    if (!this.#take(':')) throw new Fault(this.#at, 'a colon');
    this.#skip(BLANK);
    this.members.push({ key, keyAt, valueAt: this.#at, depth, repeated: names.has(key) });
    names.add(key);
    this.#value(depth);
  }

  #string(): string {
    const start = this.#at;
    this.#at += 1;
    for (;;) {
      this.#skip(PLAIN_TEXT);
      if (this.#take('"')) return JSON.parse(this.#text.slice(start, this.#at)) as string; // a string, by its quotes
      if (this.#skip(ESCAPE) !== '') continue;
      const escaped = this.#text[this.#at] === '\\';
      throw new Fault(
        this.#at,
        escaped ? 'an escape such as \\n, \\" or \\u0041' : 'the rest of the text and its closing quote',
      );
    }
  }

  #skip(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const skipped = pattern.exec(this.#text)?.[0] ?? '';
    this.#at += skipped.length;
    return skipped;
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }
}
