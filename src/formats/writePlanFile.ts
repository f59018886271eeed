import type { CurrentAssignment } from '../assignments/changes/current.ts';
import { FileReplacement } from './fileReplacement.ts';
import { PLAN_FORMAT, placesOf, type PlanEnd, type PlanHeader, type PlanRow } from './planFile.ts';
import { PlanSeal, SEAL_MARK } from './planSeal.ts';

/** Text that is gathered before it goes to the disk, in characters. */
const PIECE_CHARS = 65_536;

/**
 * Writes a plan as it is made, into any number of files, also none: its seal and its fingerprint are made all the same. A file is
 * there whole or not at all: nothing half-written is ever found under its name. What fails is thrown as Node throws it, with
 * `syscall`.
 */
export class PlanWriter implements AsyncDisposable {
  readonly #files: readonly FileReplacement[];
  readonly #seal: PlanSeal;
  readonly #rowsPromised: number;
  /** The number of each list that was written. Of rows that stand side by side the list is one. */
  readonly #lists = new WeakMap<readonly CurrentAssignment[], number>();
  #listsWritten = 0;
  #text = '';
  #rows = 0;
  #writes = 0;

  private constructor(files: readonly FileReplacement[], header: PlanHeader, key: Buffer) {
    this.#files = files;
    this.#seal = new PlanSeal(key);
    this.#rowsPromised = header.rows;
    this.#add(lineOf({ kind: 'plan', format: PLAN_FORMAT, ...header }));
  }

  /** @param key what the plans of the tenant are sealed with */
  static async create(paths: readonly string[], header: PlanHeader, key: Buffer): Promise<PlanWriter> {
    const files: FileReplacement[] = [];
    try {
      for (const path of paths) files.push(await FileReplacement.open(path, 'files'));
    } catch (error) {
      for (const file of files) await file[Symbol.asyncDispose]();
      throw error;
    }
    return new PlanWriter(files, header, key);
  }

  /** In input order, or each with its rank. */
  async row({ line, rank, cells, names, decision, list }: PlanRow): Promise<void> {
    this.#rows += 1;
    if (decision.kind === 'write') this.#writes += 1;
    const { kind, via, before, after, waitsFor, code, message, httpStatus, findings } = decision;
    this.#add(
      lineOf({
        ...{ line, rank, input: Object.fromEntries(cells), names: some(names) },
        ...{ decision: kind, via, before: placesOf(before, list), after },
        ...{ waitsFor: some(waitsFor), code, message, httpStatus, findings: some(findings) },
        ...(list && this.#listIn(list)),
      }),
    );
    if (this.#text.length >= PIECE_CHARS) await this.#flush();
  }

  /**
   * After the last row: `findings` is what the whole plan was found to do, by kind, `names` what groups and filters are called. From here on the files are there. Answers the
   * plan's fingerprint.
   */
  async end(findings: PlanEnd['findings'], names: PlanEnd['names'] = {}): Promise<string> {
    if (this.#rows !== this.#rowsPromised)
      throw new Error(`the plan has ${this.#rows} rows, its header says ${this.#rowsPromised}`);
    const end = {
      ...{ kind: 'end', rows: this.#rows, writes: this.#writes, findings },
      ...{ names: some(names), keyId: this.#seal.keyId },
    };
    this.#add(`${JSON.stringify(end).slice(0, -1)},${SEAL_MARK}`);
    const { hmac, fingerprint } = this.#seal.end();
    this.#text += `${hmac}"}\n`;
    await this.#flush();
    for (const file of this.#files) await file.end();
    return fingerprint;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const file of this.#files) await file[Symbol.asyncDispose]();
  }

  #listIn(list: readonly CurrentAssignment[]) {
    const known = this.#lists.get(list);
    if (known !== undefined) return { list: known };
    const number = this.#listsWritten;
    this.#listsWritten += 1;
    this.#lists.set(list, number);
    return { list: number, assignments: list.map(({ whole }) => whole) };
  }

  #add(text: string): void {
    this.#seal.update(text);
    this.#text += text;
  }

  async #flush(): Promise<void> {
    const text = this.#text;
    this.#text = '';
    for (const file of this.#files) await file.append(text);
  }
}

const lineOf = (value: object): string => `${JSON.stringify(value)}\n`;

/** What is empty is left out. */
const some = <T extends object>(value: T): T | undefined =>
  Object.values(value).some((each) => each !== undefined) ? value : undefined;
