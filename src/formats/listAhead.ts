/**
 * Finds in text that comes in pieces which list an object has: the first of some names, among the members of the object itself, behind which
 * an array opens. It knows strings and brackets and nothing else: whether it is JSON, the reading of it says.
 */
export class ListAhead<Name extends string> {
  readonly #names: readonly Name[];
  #at = 0;
  #depth = 0;
  /** Where the text began in which the scan is; undefined: it is in none. */
  #textFrom: number | undefined;
  /** The name of the member whose value may come next. */
  #member = '';
  #isValueNext = false;

  constructor(names: readonly Name[]) {
    this.#names = names;
  }

  /** @returns undefined when the object ends without such a list; `more` when more text is needed: call it again with that text */
  in(text: string, start: number): Name | 'more' | undefined {
    for (let at = start + this.#at; at < text.length; at++) {
      const character = text[at];
      if (this.#textFrom !== undefined) {
        if (character === '\\') at += 1;
        else if (character === '"') {
          this.#member = text.slice(start + this.#textFrom, at);
          this.#textFrom = undefined;
        }
        this.#at = at + 1 - start;
        continue;
      }
      this.#at = at + 1 - start;
      switch (character) {
        case '"':
          this.#textFrom = at + 1 - start;
          this.#isValueNext = false;
          break;
        case ':':
          this.#isValueNext = true;
          break;
        case '[':
        case '{': {
          const name = this.#names.find((each) => each === this.#member);
          if (character === '[' && this.#depth === 1 && this.#isValueNext && name !== undefined) return name;
          this.#depth += 1;
          this.#isValueNext = false;
          break;
        }
        case '}':
        case ']':
          this.#depth -= 1;
          if (this.#depth === 0) return undefined;
          break;
        default:
      }
    }
    return 'more';
  }
}
