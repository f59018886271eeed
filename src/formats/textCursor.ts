import type { Place } from './place.ts';

const BLANK = /[ \t\n\r]*/y;

/** A place in text that comes in chunks, and what lies ahead of it as far as it has come. */
export class TextCursor {
  /** What has come and is not given up yet; `at` is the place in it. */
  text = '';
  at = 0;
  readonly #chunks: AsyncIterator<Buffer>;
  #line = 1;
  #column = 1;
  /** The next line end in `text` from `at` on. Kept, or each step in a file of one long line would search all of it. */
  #newline = -1;

  constructor(chunks: AsyncIterable<Buffer>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  get ahead(): number {
    return this.text.length - this.at;
  }

  place(): Place {
    return { line: this.#line, column: this.#column };
  }

  rest(): string {
    return this.text.slice(this.at);
  }

  /** Goes past blanks. The next character, which stays ahead; undefined at the end of the file. */
  async peek(): Promise<string | undefined> {
    for (;;) {
      BLANK.lastIndex = this.at;
      this.skip(BLANK.exec(this.text)?.[0].length ?? 0);
      if (this.ahead > 0) return this.text[this.at];
      if (!(await this.more())) return undefined;
    }
  }

  take(length: number): string {
    const taken = this.text.slice(this.at, this.at + length);
    this.skip(length);
    return taken;
  }

  skip(length: number): void {
    const to = this.at + length;
    while (this.#newline !== -1 && this.#newline < to) {
      this.#line += 1;
      this.#column = 1;
      this.at = this.#newline + 1;
      this.#newline = this.text.indexOf('\n', this.at);
    }
    this.#column += to - this.at;
    this.at = to;
  }

  /** Takes in the next chunk; false at the end of the file. */
  async more(): Promise<boolean> {
    const { done, value } = await this.#chunks.next();
    if (done === true) return false;
    this.text = this.rest() + value.toString();
    this.at = 0;
    this.#newline = this.text.indexOf('\n');
    return true;
  }
}
