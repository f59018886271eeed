import { z } from 'zod';
import type { KindCount, KindNotRead, SnapshotName } from '../assignments/snapshots/snapshot.ts';
import { isJsonObject, type JsonObject } from '../assignments/values/json.ts';

/** The version of the snapshot's format. */
export const SNAPSHOT_FORMAT = 1;

/** The first line of a snapshot, besides `kind: "snapshot"` and `format`: of which tenant, when, and who has read it. */
export interface SnapshotManifest {
  readonly tenant: string;
  /** Root of Graph, without version. */
  readonly graphUrl: string;
  readonly apiVersion: 'beta';
  /** When the reading began: ISO 8601, UTC. */
  readonly createdAt: string;
  readonly reader: {
    readonly appId: string;
    /** Who has called the command. */
    readonly operator: string;
    /** What the token allows; null: it could not be read. */
    readonly permissions: readonly string[] | null;
  };
  /** The kinds of policies that were asked for, by Graph's word. */
  readonly kinds: readonly string[];
}

/** The last line, besides its seal: how much there is, and what there is not. Without it a file is not whole. */
export interface SnapshotEnd {
  readonly policies: number;
  readonly assignments: number;
  readonly kinds: readonly KindCount[];
  readonly notRead: readonly KindNotRead[];
}

const count = z.int().nonnegative();
const text = z.string().min(1);

export const manifestSchema = z.strictObject({
  kind: z.literal('snapshot'),
  format: z.literal(SNAPSHOT_FORMAT, { error: `must be ${SNAPSHOT_FORMAT}` }),
  tenant: text,
  graphUrl: text,
  apiVersion: z.literal('beta'),
  createdAt: z.iso.datetime(),
  reader: z.strictObject({ appId: z.string(), operator: z.string(), permissions: z.array(text).nullable() }),
  kinds: z.array(text),
});

// Objects of Graph's pass as they are: a schema that copied them would lose members with odd names.
const object = z.custom<JsonObject>(isJsonObject, 'must be an object');

export const policyLineSchema = z.strictObject({
  kind: z.literal('policy'),
  policyType: text,
  id: text,
  name: z.string().optional(),
  platform: z.string().optional(),
  assignments: z.array(object),
});

export const nameLineSchema = z.strictObject({
  kind: z.enum(['group', 'filter'] satisfies SnapshotName['of'][]),
  id: text,
  name: z.string(),
  platform: z.string().optional(),
  rule: z.string().optional(),
});

export const snapshotEndSchema = z.strictObject({
  kind: z.literal('end'),
  policies: count,
  assignments: count,
  kinds: z.array(z.strictObject({ type: text, policies: count, unassigned: count, assignments: count })),
  notRead: z.array(z.strictObject({ type: text, why: z.string() })),
  keyId: z.hex().length(16),
  hmac: z.hex().length(64),
  /** SHA-256 of all bytes that are sealed, for whoever has not the key. */
  sha256: z.hex().length(64),
});

/** Bytes in which a snapshot is recognised. */
const START_BYTES = 64;
const SNAPSHOT_START = /^\ufeff?\s*\{\s*"kind"\s*:\s*"snapshot"/;

/** Whether a file is a snapshot, by its first bytes (64 are enough) and whatever its name. */
export const isSnapshotFile = (firstBytes: Uint8Array): boolean =>
  SNAPSHOT_START.test(Buffer.from(firstBytes.subarray(0, START_BYTES)).toString());
