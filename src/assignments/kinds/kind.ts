import type { DevicePlatform } from '../targets/platforms.ts';
import type { TargetType } from '../targets/target.ts';
import type { ApiVersion } from '../values/apiVersion.ts';
import type { JsonObject } from '../values/json.ts';
import type { Family } from './family.ts';
import type { Permissions } from './permissions.ts';

/**
 * What this program knows of one sort of policy. An entry is data and pure functions; whoever has to treat kinds differently
 * asks the entry, so that a kind more is a file more (and its line in `registry.ts`).
 */
export interface Kind<Type extends string = string> {
  /** Graph's word for one policy, as the column `policyType` and all output have it. */
  readonly policyType: Type;
  /** Other words for it in that column, besides the collection. Case, spaces, `_` and `-` do not count. */
  readonly names: readonly string[];
  /** What a person calls one of them, and many; in lower case where a sentence has it. */
  readonly label: { readonly one: string; readonly many: string };
  /** Versions of Graph that have it. */
  readonly apiVersions: readonly ApiVersion[];

  /** The part of Graph that the collection is in. */
  readonly root: 'deviceManagement' | 'deviceAppManagement';
  readonly collection: string;
  /** The ways from a policy to a list of assignments. The first is the plain one; the others are in beta only. */
  readonly forms: readonly Via[];

  /** How all policies are read. */
  readonly list: {
    /** The property that has a policy's name. */
    readonly name: 'displayName' | 'name';
    /** What `platformOf` reads besides `@odata.type`; and `isAssigned`, of a kind that has it: an expanded list must not deny it. */
    readonly also: readonly string[];
    /** Whether `$expand=assignments` shows the truth; otherwise each policy's list is read on its own. */
    readonly expands: boolean;
    /**
     * The `$top` that its pages are asked for with, where a source says that it is taken for the size of a page: some of Graph's services
     * take it for the size of the whole. Left out: none is.
     */
    readonly top?: number;
  };
  /** How assignments are written. */
  readonly write: WriteMethod;

  /** The Graph type of an assignment, as it is sent. */
  readonly assignmentType: string;
  /** What an assignment carries beside its id and its target. What is not named here is carried along, but can't be wanted. */
  readonly ownFields: readonly OwnField[];
  /** Equal for two assignments of one policy that can't stand beside each other, whatever their filters. */
  readonly identity: (assignment: JsonObject) => string;
  /** The targets it can be assigned to. */
  readonly targets: readonly TargetType[];
  readonly takesFilters: boolean;
  /** The platform of a policy as the collection shows it; undefined when it tells none. */
  readonly platformOf: (policy: JsonObject) => DevicePlatform | undefined;

  /** The requests that Intune counts together with those for this kind. */
  readonly family: Family;
  readonly permissions: Permissions;
  /** The policy type of Multi Admin Approval that covers it; undefined: none does. */
  readonly approvalType: string | undefined;
}

/** The segments between policy id and `assignments`; `{id}` stands for an id of the caller's. */
export type Via = readonly string[];

export const STRATEGIES = ['patch', 'assign'] as const;
/** `patch`: one assignment by itself. `assign`: the whole list of a policy at once. */
export type Strategy = (typeof STRATEGIES)[number];

/**
 * `patch`: a PATCH of one assignment is documented for bulk, and `assign` is there as well. `assign`: only that. `postDelete`: neither, an
 * assignment comes by POST and goes by DELETE.
 */
export type WriteMethod =
  | {
      readonly how: Strategy;
      /** The property of the `assign` body that has the list. Its spelling differs, and a wrong one may be read as an empty list. */
      readonly assignProperty: string;
      /** The type that the policy's id has to be cast to before `assign`, where Graph has no such action without. */
      readonly assignCast?: string;
    }
  | { readonly how: 'postDelete' };

export interface OwnField {
  readonly name: string;
  /** One of these words; any text; or whatever Graph shows, value for value, which only a whole `body` can say. */
  readonly takes: readonly string[] | 'text' | 'json';
  /** Graph keeps what it has, whatever is sent. */
  readonly isReadOnly?: true;
}

/**
 * How a list of this kind is written in a run: a kind that has no PATCH goes by its list as it was read, whatever the run's strategy, be it
 * as a whole or each assignment by itself.
 */
export const writesBy = ({ write }: Kind, strategy: Strategy | undefined): Strategy =>
  write.how === 'patch' ? (strategy ?? 'patch') : 'assign';

/** Whether an assignment of this kind comes by POST and goes by DELETE. */
export const isPostDelete = ({ write }: Pick<Kind, 'write'>): boolean => write.how === 'postDelete';

export const ownField = ({ ownFields }: Kind, name: string): OwnField | undefined =>
  ownFields.find((field) => field.name === name);

/** Whether Graph keeps this property of an assignment as it is, whatever is sent. */
export const isReadOnly = (kind: Kind, name: string): boolean => ownField(kind, name)?.isReadOnly === true;

/** For the beginning of a sentence. */
export const capitalized = (label: string): string => label.charAt(0).toUpperCase() + label.slice(1);
