import type { Problem } from '../assignments/rows/row.ts';
import { currentAssignmentsIn } from '../assignments/changes/current.ts';
import { kindNamed } from '../assignments/kinds/registry.ts';
import type { SnapshotName, SnapshotPolicy } from '../assignments/snapshots/snapshot.ts';
import { BrokenFile } from './brokenFile.ts';
import type { JsonRecord } from './jsonRecord.ts';
import { PLAN_LINE_CHARS_MAX } from './limits.ts';
import { linesOf } from './lines.ts';
import { PlanSeal, sameSeal, SEAL_MARK } from './planSeal.ts';
import { checked, damaged, objectIn } from './sealedLines.ts';
import {
  manifestSchema,
  nameLineSchema,
  policyLineSchema,
  SNAPSHOT_FORMAT,
  snapshotEndSchema,
  type SnapshotEnd,
  type SnapshotManifest,
} from './snapshotFile.ts';
import { Utf8Source } from './utf8Source.ts';

/** One thing that reading a snapshot tells. A problem takes the place of all that would follow; a snapshot may be acted on only when its end has come. */
export type SnapshotRead =
  | { readonly kind: 'manifest'; readonly manifest: SnapshotManifest }
  | { readonly kind: 'policy'; readonly line: number; readonly policy: SnapshotPolicy }
  | { readonly kind: 'name'; readonly name: SnapshotName }
  | { readonly kind: 'end'; readonly end: SealedSnapshotEnd }
  | { readonly kind: 'problem'; readonly problem: Problem };

export interface SealedSnapshotEnd extends SnapshotEnd {
  /** ours: nobody has edited the file. other: it was sealed with another key, so that only its checksum shows that it is unharmed. */
  readonly seal: 'ours' | 'other';
  readonly sha256: string;
}

const REMEDY =
  'A snapshot is taken only as it was written: take an unharmed copy of it. What the tenant has now is kept with `retarget snapshot -o FILE`.';

/**
 * Reads a snapshot in one pass, a line in memory at a time. Only what `bytes` itself throws is thrown.
 * @param key what the files of the tenant are sealed with; undefined: only the checksum is looked at
 */
export async function* readSnapshot(
  bytes: AsyncIterable<Uint8Array>,
  key: Buffer | undefined,
): AsyncGenerator<SnapshotRead, void> {
  const source = new Utf8Source(bytes);
  try {
    yield* readsOf(source, new PlanSeal(key ?? NO_KEY));
  } catch (error) {
    if (!(error instanceof BrokenFile)) throw error;
    yield { kind: 'problem', problem: error.problem };
  } finally {
    await source.close();
  }
}

/** No file is sealed with it. */
const NO_KEY = Buffer.alloc(0);

async function* readsOf(source: Utf8Source, seal: PlanSeal): AsyncGenerator<SnapshotRead, void> {
  let manifest: SnapshotManifest | undefined;
  let isWhole = false;
  let [policies, assignments, lastLine] = [0, 0, 1];
  for await (const record of linesOf(source, { charsMax: PLAN_LINE_CHARS_MAX, remedy: REMEDY })) {
    lastLine = record.place.line;
    const value = wholeIn(record);
    if (manifest === undefined) {
      manifest = manifestIn(record, value);
      seal.update(`${record.text}\n`);
      yield { kind: 'manifest', manifest };
      continue;
    }
    if (isWhole) throw damaged(record, 'Something follows the last line of the snapshot.', REMEDY);
    switch (value['kind']) {
      case 'end': {
        const end = endIn(record, value, seal);
        if (policies !== end.policies || assignments !== end.assignments)
          throw damaged(record, miscounted(end, policies, assignments), REMEDY);
        isWhole = true;
        yield { kind: 'end', end };
        break;
      }
      case 'group':
      case 'filter': {
        seal.update(`${record.text}\n`);
        const { kind: of, ...name } = checked(nameLineSchema, record, value, REMEDY);
        yield { kind: 'name', name: { of, ...name } };
        break;
      }
      default: {
        seal.update(`${record.text}\n`);
        const policy = policyIn(record, value);
        policies += 1;
        assignments += policy.assignments.length;
        yield { kind: 'policy', line: record.place.line, policy };
      }
    }
  }
  if (!isWhole)
    throw new BrokenFile({
      ...{ line: lastLine, column: 1, remedy: REMEDY },
      message:
        manifest === undefined
          ? 'The snapshot is empty.'
          : `The snapshot is cut short: it ends after ${policies} policies, without its last line.`,
    });
}

/** A line that is no JSON was cut in its middle, or somebody has edited it. */
function wholeIn(record: JsonRecord): Readonly<Record<string, unknown>> {
  try {
    return objectIn(record, REMEDY);
  } catch (error) {
    if (!(error instanceof BrokenFile)) throw error;
    const { message, ...place } = error.problem;
    throw new BrokenFile({ ...place, message: `The snapshot is cut short, or was edited. ${message}` });
  }
}

const miscounted = (end: SnapshotEnd, policies: number, assignments: number): string =>
  `The snapshot has ${policies} policies with ${assignments} assignments; its last line says ${end.policies} with ${end.assignments}.`;

function manifestIn(record: JsonRecord, value: Readonly<Record<string, unknown>>): SnapshotManifest {
  const { format } = value;
  if (value['kind'] === 'snapshot' && typeof format === 'number' && format !== SNAPSHOT_FORMAT) {
    const message = `The snapshot has format ${format}; this version of retarget reads format ${SNAPSHOT_FORMAT}.`;
    throw new BrokenFile(record.problemAt('format', { message, remedy: NEWER }));
  }
  const { kind: _kind, format: _format, ...manifest } = checked(manifestSchema, record, value, REMEDY);
  return manifest;
}

const NEWER = 'Use the version of retarget that has written it, or a later one.';

function policyIn(record: JsonRecord, value: Readonly<Record<string, unknown>>): SnapshotPolicy {
  const { policyType, id, name, platform, assignments } = checked(policyLineSchema, record, value, REMEDY);
  const kind = kindNamed(policyType);
  if (kind === undefined) {
    const message = `This version of retarget knows no policies of the kind ${policyType}.`;
    throw new BrokenFile(record.problemAt('policyType', { message, remedy: NEWER }));
  }
  const list = currentAssignmentsIn(assignments);
  if (list === undefined) throw damaged(record, 'assignments: One of them has no id or no target.', REMEDY);
  return { kind, id, name, platform, assignments: list };
}

function endIn(
  record: JsonRecord,
  value: Readonly<Record<string, unknown>>,
  seal: PlanSeal,
): SealedSnapshotEnd {
  const {
    kind: _kind,
    keyId,
    hmac: written,
    sha256,
    ...end
  } = checked(snapshotEndSchema, record, value, REMEDY);
  seal.update(record.text.slice(0, record.text.lastIndexOf(SEAL_MARK) + SEAL_MARK.length));
  const { hmac, fingerprint } = seal.end();
  const isOurs = keyId === seal.keyId;
  if (fingerprint !== sha256 || (isOurs && !sameSeal(hmac, written)))
    throw damaged(record, 'The snapshot was edited: its seal is broken.', REMEDY);
  return { ...end, seal: isOurs ? 'ours' : 'other', sha256 };
}
