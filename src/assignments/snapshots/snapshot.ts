import type { CurrentAssignment } from '../changes/current.ts';
import type { PolicyKind } from '../kinds/registry.ts';

/** A policy with all its assignments, as a reading of the whole tenant has it. */
export interface SnapshotPolicy {
  readonly kind: PolicyKind;
  readonly id: string;
  readonly name: string | undefined;
  readonly platform: string | undefined;
  readonly assignments: readonly CurrentAssignment[];
}

/** How much of one kind, called by Graph's word, was read. */
export interface KindCount {
  readonly type: string;
  readonly policies: number;
  /** Of these without any assignment. */
  readonly unassigned: number;
  readonly assignments: number;
}

/** A kind of policies that the tenant did not show whole, and why: of such a kind there is nothing. */
export interface KindNotRead {
  readonly type: string;
  readonly why: string;
}

/** What the tenant calls a group or a filter. */
export interface SnapshotName {
  readonly of: 'group' | 'filter';
  /** In lower case. */
  readonly id: string;
  readonly name: string;
  /** Of a filter. */
  readonly platform?: string | undefined;
  /** Of a filter: whom it means. */
  readonly rule?: string | undefined;
}
