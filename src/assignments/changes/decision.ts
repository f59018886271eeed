import type { Finding } from '../guard/finding.ts';
import { STRATEGIES } from '../kinds/kind.ts';
import type { Change } from '../rows/change.ts';
import type { JsonObject } from '../values/json.ts';
import { currentAssignmentOf, type CurrentAssignment } from './current.ts';

/** What a row finds in the tenant, and so what its write overwrites. */
export type Before =
  /** Nobody has read it: a blind run, an offline plan, a list that Graph does not show. */
  | { readonly kind: 'notRead' }
  /** It was read, and nothing is there. */
  | { readonly kind: 'absent' }
  | { readonly kind: 'entry'; readonly entry: CurrentAssignment }
  /** Of a row that clears a list: all that it takes away. */
  | { readonly kind: 'entries'; readonly entries: readonly CurrentAssignment[] };

export const NOT_READ: Before = { kind: 'notRead' };
export const ABSENT: Before = { kind: 'absent' };

export const beforeOf = (current: CurrentAssignment | undefined): Before =>
  current === undefined ? ABSENT : { kind: 'entry', entry: current };

/** The assignments of a before-image, none or several of them. */
export function entriesOf(before: Before): readonly CurrentAssignment[] {
  switch (before.kind) {
    case 'notRead':
    case 'absent':
      return [];
    case 'entry':
      return [before.entry];
    case 'entries':
      return before.entries;
  }
}

/** The one assignment that a row is about; undefined where there is none, or several are cleared. */
export const entryOf = (before: Before): CurrentAssignment | undefined =>
  before.kind === 'entry' ? before.entry : undefined;

/** A before-image in Graph's shape, as it is stored and shown: an assignment; null: nothing was there; a list, that is cleared. */
export type BeforeJson = JsonObject | null | readonly JsonObject[];

/** Undefined: it was not read. */
export function beforeJson(before: Before): BeforeJson | undefined {
  switch (before.kind) {
    case 'notRead':
      return undefined;
    case 'absent':
      return null;
    case 'entry':
      return before.entry.whole;
    case 'entries':
      return before.entries.map(({ whole }) => whole);
  }
}

/** The before-image that `beforeJson` has made; undefined when an entry of it is no assignment. */
export function beforeFrom(json: unknown): Before | undefined {
  if (json === undefined) return NOT_READ;
  if (json === null) return ABSENT;
  if (!Array.isArray(json)) {
    const entry = currentAssignmentOf(json);
    return entry && { kind: 'entry', entry };
  }
  const entries = (json as unknown[]).map(currentAssignmentOf);
  return entries.every((entry) => entry !== undefined) ? { kind: 'entries', entries } : undefined;
}

/** post, delete: an assignment comes or goes by itself, where a kind knows no other way. */
export const WRITE_VIAS = [...STRATEGIES, 'post', 'delete'] as const;
export type WriteVia = (typeof WRITE_VIAS)[number];

export const DECISION_KINDS = ['write', 'alreadySo', 'stale', 'refused', 'duplicate'] as const;
export type DecisionKind = (typeof DECISION_KINDS)[number];

/** newIsThere: the new assignment is, and the old one is to go. someAreGone: some of what it clears are, and others are to go. */
export type HalfDone = 'newIsThere' | 'someAreGone';

/** What has to happen to a row, given what the tenant shows. */
export interface Decision<R extends { readonly change: Change } = { readonly change: Change }> {
  readonly row: R;
  /**
   * write: what is desired is not there yet. alreadySo: it is. stale: what is there is neither that nor what the plan saw. refused:
   * it can't be done as things are. duplicate: an earlier row says the same.
   */
  readonly kind: DecisionKind;
  readonly before: Before;
  /** Of what is already so: the plan saw something else there. */
  readonly isUnplanned?: boolean;
  /** The body that makes the desired state true, as a PATCH says it; undefined where something is removed, or nothing written. */
  readonly after: JsonObject | undefined;
  /** How the next write goes out: the assignment by itself, or with the whole list of its policy. */
  readonly via: WriteVia;
  /** Of a `delete`: what goes. */
  readonly removes?: CurrentAssignment;
  /** What of it is done already, where more than one request does it. */
  readonly halfDone?: HalfDone;
  /** More requests follow this one. */
  readonly isUnfinished?: boolean;
  /** Rows of the policy that come first: those that make room, those that reduce its scope, those that are not due yet. */
  readonly waitsFor: readonly R[];
  /** Of what is stale or refused: a code of ours or of Graph's, and a sentence. */
  readonly code?: string;
  readonly message?: string;
  /** The status that Graph refused the read with. */
  readonly httpStatus?: number;
  readonly findings: readonly Finding[];
}

/** Whether a row finds neither its assignment nor what it desires: the assignment or its whole policy is gone. */
export const isGone = ({ kind, code, httpStatus }: Decision): boolean =>
  kind === 'refused' && (code === 'AssignmentGone' || httpStatus === 404);
