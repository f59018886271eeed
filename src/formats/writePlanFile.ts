import { FileReplacement } from './fileReplacement.ts';
import { PLAN_FORMAT, type PlanEnd, type PlanHeader, type PlanRow } from './planFile.ts';

/** Text that is gathered before it goes to the disk, in characters. */
const PIECE_CHARS = 65_536;

/**
 * Writes a plan file as it is made, whole or not at all: nothing half-written is ever found under its name. What fails is
 * thrown as Node throws it, with `syscall`.
 */
export class PlanFileWriter implements AsyncDisposable {
  readonly #file: FileReplacement;
  readonly #rowsPromised: number;
  #text: string;
  #rows = 0;
  #writes = 0;

  private constructor(file: FileReplacement, header: PlanHeader) {
    this.#file = file;
    this.#rowsPromised = header.rows;
    this.#text = lineOf({ kind: 'plan', format: PLAN_FORMAT, ...header });
  }

  static async create(path: string, header: PlanHeader): Promise<PlanFileWriter> {
    return new PlanFileWriter(await FileReplacement.open(path, 'files'), header);
  }

  /** In input order, or each with its rank. */
  async row({ line, rank, cells, decision, before, list, after, guard }: PlanRow): Promise<void> {
    this.#rows += 1;
    if (decision === 'write') this.#writes += 1;
    const input = Object.fromEntries(cells);
    const found = guard.length > 0 ? { guard } : {};
    this.#text += lineOf({ line, rank, input, decision, before, list, after, ...found });
    if (this.#text.length >= PIECE_CHARS) await this.#flush();
  }

  /** After the last row: `guard` is what the whole plan was found to do, by kind. From here on the file is there. */
  async end(guard: PlanEnd['guard']): Promise<PlanEnd> {
    if (this.#rows !== this.#rowsPromised)
      throw new Error(`the plan has ${this.#rows} rows, its header says ${this.#rowsPromised}`);
    const end = { rows: this.#rows, writes: this.#writes, guard };
    this.#text += lineOf({ kind: 'end', ...end });
    await this.#flush();
    await this.#file.end();
    return end;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file[Symbol.asyncDispose]();
  }

  async #flush(): Promise<void> {
    const text = this.#text;
    this.#text = '';
    await this.#file.append(text);
  }
}

const lineOf = (value: object): string => `${JSON.stringify(value)}\n`;
