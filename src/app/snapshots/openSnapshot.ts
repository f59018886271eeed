import type { SnapshotPolicy } from '../../assignments/snapshots/snapshot.ts';
import { EXIT, UserError } from '../../errors.ts';
import { readSnapshot, type SealedSnapshotEnd, type SnapshotRead } from '../../formats/readSnapshot.ts';
import { isSnapshotFile, type SnapshotManifest } from '../../formats/snapshotFile.ts';
import { openFile } from '../draft/inputFile.ts';
import type { Host } from '../host.ts';
import { groupsIn, SnapshotNames } from './names.ts';

/** A snapshot whose seal holds. Its policies are read anew each time, one in memory at a time. */
export interface OpenSnapshot {
  readonly name: string;
  readonly manifest: SnapshotManifest;
  readonly end: SealedSnapshotEnd;
  readonly names: SnapshotNames;
  /** The groups that it names anywhere, in lower case. */
  readonly groups: ReadonlySet<string>;
  policies(): AsyncGenerator<{ readonly line: number; readonly policy: SnapshotPolicy }, void>;
}

/**
 * Reads a snapshot to its end, before anybody acts on what it says.
 * @param key what the files of the tenant are sealed with; undefined: only the checksum is looked at
 * @throws UserError (exit 2) for what is no snapshot, was edited or is cut short
 */
export async function openSnapshot(
  path: string,
  key: Buffer | undefined,
  host: Pick<Host, 'cwd' | 'env' | 'interrupted' | 'events'>,
): Promise<OpenSnapshot> {
  await expectSnapshot(path, host);
  const names = new SnapshotNames();
  const groups = new Set<string>();
  let [manifest, end]: [SnapshotManifest | undefined, SealedSnapshotEnd | undefined] = [undefined, undefined];
  for await (const read of readsOf(path, key, host)) {
    if (read.kind === 'manifest') manifest = read.manifest;
    if (read.kind === 'name') names.add(read.name);
    if (read.kind === 'policy') for (const id of groupsIn([read.policy])) groups.add(id);
    if (read.kind === 'end') end = read.end;
  }
  if (manifest === undefined || end === undefined) throw new Error('a snapshot begins with its manifest');
  if (key !== undefined && end.seal === 'other') host.events.emit('foreignSnapshot', path);
  return {
    ...{ name: path, manifest, end, names, groups },
    async *policies() {
      for await (const read of readsOf(path, key, host)) if (read.kind === 'policy') yield read;
    },
  };
}

async function* readsOf(
  path: string,
  key: Buffer | undefined,
  host: Pick<Host, 'cwd' | 'env' | 'interrupted'>,
): AsyncGenerator<Exclude<SnapshotRead, { kind: 'problem' }>, void> {
  const file = await openFile(path, 'ndjson', host);
  for await (const read of readSnapshot(file.bytes, key)) {
    if (read.kind !== 'problem') {
      yield read;
      continue;
    }
    const { line, column, message, remedy } = read.problem;
    throw new UserError(`${path}:${line}:${column}: ${message}`, {
      remedy: `${remedy} Nothing was changed.`,
      exitCode: EXIT.badInput,
    });
  }
}

/** @throws UserError (exit 2) for a file that has no manifest */
async function expectSnapshot(path: string, host: Pick<Host, 'cwd' | 'env' | 'interrupted'>): Promise<void> {
  const { bytes } = await openFile(path, undefined, host);
  let start = Buffer.alloc(0);
  for await (const chunk of bytes) {
    start = Buffer.concat([start, chunk]);
    if (start.length >= START_BYTES) break;
  }
  if (isSnapshotFile(start)) return;
  throw new UserError(
    `${path} is no snapshot: it has no manifest that tells which policies it knows, so nobody can tell from it what is to be taken away.`,
    {
      remedy: `It may be read as rows, which change only what they name: \`retarget plan ${path}\`, then \`retarget apply ${path}\`. Snapshots are made by \`retarget snapshot -o FILE\`.`,
      exitCode: EXIT.badInput,
    },
  );
}

const START_BYTES = 64;
