import { JSON_DEPTH_MAX } from '../assignments/values/jsonWalk.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/**
 * Finds where one JSON value ends, in text that comes in pieces. It knows strings and brackets and nothing else, which is
 * enough to cut valid JSON and quick; whether a cut piece is valid, `JSON.parse` says.
 */
export class JsonScan {
  /** Members of objects in the value, at any depth: one colon each. Fewer after parsing means a name is repeated. */
  members = 0;
  /** Where the value nests too deep, counted from its start. */
  tooDeepAt: number | undefined;
  #depth = 0;
  #at = 0;
  #inString = false;
  readonly #isScalar: boolean;
  readonly #depthMax: number;

  /** `first` is the value's first character. */
  constructor(first: string, depthMax = JSON_DEPTH_MAX) {
    this.#isScalar = !'{["'.includes(first);
    this.#depthMax = depthMax;
  }

  /** How long the value is that starts at `start`; undefined when more text is needed. Call it again with that text. */
  length(text: string, start: number): number | undefined {
    if (this.#isScalar) return this.#scalarLength(text, start);
    let at = start + this.#at;
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (this.#inString) {
        if (code === BACKSLASH) at += 1;
        else if (code === QUOTE) {
          this.#inString = false;
          if (this.#depth === 0) return at + 1 - start;
        }
      } else if (code === QUOTE) this.#inString = true;
      else if (code === COLON) this.members += 1;
      else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
        this.#depth += 1;
        if (this.#depth > this.#depthMax) this.tooDeepAt ??= at - start;
      } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
        this.#depth -= 1;
        if (this.#depth === 0) return at + 1 - start;
      }
    }
    this.#at = at - start; // one further when the text ended in a backslash
    return undefined;
  }

  #scalarLength(text: string, start: number): number | undefined {
    SCALAR_END.lastIndex = start + Math.max(this.#at, 1);
    const end = SCALAR_END.exec(text)?.index;
    this.#at = text.length - start;
    return end === undefined ? undefined : end - start;
  }
}

const SCALAR_END = /[\s,\]}]/g;
