import { randomUUID } from 'node:crypto';
import { open, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { CurrentAssignment } from '../assignments/changes/current.ts';
import { PLAN_FORMAT, placesOf, type PlanEnd, type PlanHeader, type PlanRow } from './planFile.ts';
import { PlanSeal, SEAL_MARK } from './planSeal.ts';

/** Text that is gathered before it goes to the disk, in characters. */
const PIECE_CHARS = 65_536;

/**
 * Writes a plan as it is made, into any number of files, also none: its seal and its fingerprint are made all the same. The rows go
 * to files beside those that are wanted, readable by their owner only; `end` gives them their names, so nothing half-written is
 * ever found under one. Disposed of without `end`, it leaves nothing. What fails is thrown as Node throws it, with `syscall`.
 */
export class PlanWriter implements AsyncDisposable {
  readonly #parts: readonly Part[];
  readonly #seal: PlanSeal;
  readonly #rowsPromised: number;
  /** The number of each list that was written. Of rows that stand side by side the list is one. */
  readonly #lists = new WeakMap<readonly CurrentAssignment[], number>();
  #listsWritten = 0;
  #text = '';
  #rows = 0;
  #writes = 0;

  private constructor(parts: readonly Part[], header: PlanHeader, key: Buffer) {
    this.#parts = parts;
    this.#seal = new PlanSeal(key);
    this.#rowsPromised = header.rows;
    this.#add(lineOf({ kind: 'plan', format: PLAN_FORMAT, ...header }));
  }

  /** @param key what the plans of the tenant are sealed with */
  static async create(paths: readonly string[], header: PlanHeader, key: Buffer): Promise<PlanWriter> {
    const parts: Part[] = [];
    try {
      for (const path of paths) parts.push(await openPart(path));
    } catch (error) {
      for (const part of parts) await discard(part);
      throw error;
    }
    return new PlanWriter(parts, header, key);
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
   * After the last row: `findings` is what the whole plan was found to do, by kind. From here on the files are there. Answers the
   * plan's fingerprint.
   */
  async end(findings: PlanEnd['findings']): Promise<string> {
    if (this.#rows !== this.#rowsPromised)
      throw new Error(`the plan has ${this.#rows} rows, its header says ${this.#rowsPromised}`);
    const end = { kind: 'end', rows: this.#rows, writes: this.#writes, findings, keyId: this.#seal.keyId };
    this.#add(`${JSON.stringify(end).slice(0, -1)},${SEAL_MARK}`);
    const { hmac, fingerprint } = this.#seal.end();
    this.#text += `${hmac}"}\n`;
    await this.#flush();
    for (const { handle, partPath, path } of this.#parts) {
      await handle.sync();
      await handle.close();
      await rename(partPath, path);
    }
    return fingerprint;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const part of this.#parts) await discard(part);
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
    for (const { handle } of this.#parts) await handle.appendFile(text);
  }
}

/** A file on its way to its name. */
interface Part {
  readonly path: string;
  readonly partPath: string;
  readonly handle: FileHandle;
}

async function openPart(path: string): Promise<Part> {
  await expectFile(path);
  const partPath = join(dirname(path), `.${basename(path)}.${randomUUID()}.part`);
  return { path, partPath, handle: await open(partPath, 'wx', 0o600) };
}

async function discard({ handle, partPath }: Part): Promise<void> {
  await handle.close();
  await rm(partPath, { force: true });
}

const lineOf = (value: object): string => `${JSON.stringify(value)}\n`;

/** What is empty is left out. */
const some = <T extends object>(value: T): T | undefined =>
  Object.values(value).some((each) => each !== undefined) ? value : undefined;

/** A rename would put a file in the place of a device, a pipe or a link to one, whatever reads it there. */
async function expectFile(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined || found.isFile()) return;
  throw Object.assign(new Error(`${path} is no regular file`), { code: 'EINVAL', syscall: 'open' });
}
