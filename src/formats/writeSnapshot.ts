import type {
  KindCount,
  KindNotRead,
  SnapshotName,
  SnapshotPolicy,
} from '../assignments/snapshots/snapshot.ts';
import { FileReplacement } from './fileReplacement.ts';
import { PlanSeal, SEAL_MARK } from './planSeal.ts';
import { SNAPSHOT_FORMAT, type SnapshotEnd, type SnapshotManifest } from './snapshotFile.ts';

/** Text that is gathered before it goes to the disk, in characters. */
const PIECE_CHARS = 65_536;

/**
 * Writes a snapshot as the tenant is read, policy by policy. The file is there whole or not at all: nothing half-written is ever found under
 * its name. What fails is thrown as Node throws it, with `syscall`.
 */
export class SnapshotWriter implements AsyncDisposable {
  readonly #file: FileReplacement;
  readonly #seal: PlanSeal;
  readonly #kinds = new Map<string, { -readonly [name in keyof KindCount]: KindCount[name] }>();
  readonly #notRead: KindNotRead[] = [];
  #text = '';

  private constructor(file: FileReplacement, manifest: SnapshotManifest, key: Buffer) {
    this.#file = file;
    this.#seal = new PlanSeal(key);
    this.#add(lineOf({ kind: 'snapshot', format: SNAPSHOT_FORMAT, ...manifest }));
  }

  /** @param key what the files of the tenant are sealed with */
  static async create(path: string, manifest: SnapshotManifest, key: Buffer): Promise<SnapshotWriter> {
    return new SnapshotWriter(await FileReplacement.open(path, 'files'), manifest, key);
  }

  async policy({ kind, id, name, platform, assignments }: SnapshotPolicy): Promise<void> {
    const { policyType } = kind;
    const counted = this.#counted(policyType);
    counted.policies += 1;
    counted.assignments += assignments.length;
    if (assignments.length === 0) counted.unassigned += 1;
    const entries = assignments.map(({ whole }) => whole);
    this.#add(lineOf({ kind: 'policy', policyType, id, name, platform, assignments: entries }));
    await this.#flush(PIECE_CHARS);
  }

  async name({ of, id, name, platform, rule }: SnapshotName): Promise<void> {
    this.#add(lineOf({ kind: of, id, name, platform, rule }));
    await this.#flush(PIECE_CHARS);
  }

  /** A kind that was read to its end, be it empty. */
  kindRead(type: string): void {
    this.#counted(type);
  }

  kindNotRead(notRead: KindNotRead): void {
    this.#notRead.push(notRead);
  }

  /** After the last policy. From here on the file is there. Answers what it holds. */
  async end(): Promise<SnapshotEnd> {
    const kinds = [...this.#kinds.values()];
    const end: SnapshotEnd = {
      policies: kinds.reduce((sum, { policies }) => sum + policies, 0),
      assignments: kinds.reduce((sum, { assignments }) => sum + assignments, 0),
      kinds,
      notRead: this.#notRead,
    };
    const line = JSON.stringify({ kind: 'end', ...end, keyId: this.#seal.keyId });
    this.#add(`${line.slice(0, -1)},${SEAL_MARK}`);
    const { hmac, fingerprint } = this.#seal.end();
    this.#text += `${hmac}","sha256":"${fingerprint}"}\n`;
    await this.#flush(0);
    await this.#file.end();
    return end;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file[Symbol.asyncDispose]();
  }

  #counted(type: string) {
    const counted = this.#kinds.get(type) ?? { type, policies: 0, unassigned: 0, assignments: 0 };
    this.#kinds.set(type, counted);
    return counted;
  }

  #add(text: string): void {
    this.#seal.update(text);
    this.#text += text;
  }

  async #flush(from: number): Promise<void> {
    if (this.#text.length < from) return;
    const text = this.#text;
    this.#text = '';
    await this.#file.append(text);
  }
}

const lineOf = (value: object): string => `${JSON.stringify(value)}\n`;
