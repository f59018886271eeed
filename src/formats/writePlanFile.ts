import { randomUUID } from 'node:crypto';
import { open, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { PLAN_FORMAT, type PlanEnd, type PlanHeader, type PlanRow } from './planFile.ts';

/** Text that is gathered before it goes to the disk, in characters. */
const PIECE_CHARS = 65_536;

/**
 * Writes a plan file as it is made. The rows go to a file beside it, readable by its owner only; `end` gives that one its
 * name, so nothing half-written is ever found under it. Disposed of without `end`, it leaves nothing. What fails is thrown as
 * Node throws it, with `syscall`.
 */
export class PlanFileWriter implements AsyncDisposable {
  readonly #path: string;
  readonly #partPath: string;
  readonly #part: FileHandle;
  readonly #rowsPromised: number;
  #text: string;
  #rows = 0;
  #writes = 0;

  private constructor(path: string, partPath: string, part: FileHandle, header: PlanHeader) {
    this.#path = path;
    this.#partPath = partPath;
    this.#part = part;
    this.#rowsPromised = header.rows;
    this.#text = lineOf({ kind: 'plan', format: PLAN_FORMAT, ...header });
  }

  static async create(path: string, header: PlanHeader): Promise<PlanFileWriter> {
    await expectFile(path);
    const partPath = join(dirname(path), `.${basename(path)}.${randomUUID()}.part`);
    return new PlanFileWriter(path, partPath, await open(partPath, 'wx', 0o600), header);
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
    await this.#part.sync();
    await this.#part.close();
    await rename(this.#partPath, this.#path);
    return end;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#part.close();
    await rm(this.#partPath, { force: true });
  }

  async #flush(): Promise<void> {
    const text = this.#text;
    this.#text = '';
    await this.#part.appendFile(text);
  }
}

const lineOf = (value: object): string => `${JSON.stringify(value)}\n`;

/** A rename would put a file in the place of a device, a pipe or a link to one, whatever reads it there. */
async function expectFile(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined || found.isFile()) return;
  throw Object.assign(new Error(`${path} is no regular file`), { code: 'EINVAL', syscall: 'open' });
}
