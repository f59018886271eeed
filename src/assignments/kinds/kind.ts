import type { DevicePlatform } from '../targets/platforms.ts';
import type { TargetType } from '../targets/target.ts';
import type { ApiVersion } from '../values/apiVersion.ts';
import type { JsonObject } from '../values/json.ts';
import type { Family } from './family.ts';
import type { Permissions } from './permissions.ts';
import type { Refusal } from './refusal.ts';

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
    readonly name: 'displayName' | 'name' | 'profileName';
    /**
     * What `platformOf` and `refuses` read besides `@odata.type`; and `isAssigned`, of a kind that has it: an expanded list must not deny
     * it. `all`: what only some of its types have can't be selected, so that every policy is read whole.
     */
    readonly also: readonly string[] | 'all';
    /** The `$filter` that the collection has to be asked with. */
    readonly filter?: string;
    /** Whether `$expand=assignments` shows the truth; otherwise each policy's list is read on its own. */
    readonly expands: boolean;
    /**
     * The `$top` that its pages are asked for with, where a source says that it is taken for the size of a page: some of Graph's services
     * take it for the size of the whole. Left out: none is.
     */
    readonly top?: number;
  };
  /** How one policy's list is read: at `…/assignments` where nothing is said, or expanded with the policy, where Graph refuses that. */
  readonly ownList?: 'expanded';
  /** How assignments are written. */
  readonly write: WriteMethod;

  /** The Graph type of an assignment, as it is sent. */
  readonly assignmentType: string;
  /** What an assignment carries beside its id and its target. What is not named here is carried along, but can't be wanted. */
  readonly ownFields: readonly OwnField[];
  /** Two policies may have assignments of one id, as where it is made of the group alone. */
  readonly idsRepeat?: true;
  /** Equal for two assignments of one policy that can't stand beside each other, whatever their filters. */
  readonly identity: (assignment: JsonObject) => string;
  /**
   * Of a kind whose policies do several things at once, as an app that some must have and others must lose: which of them an
   * assignment is about. One target may have an assignment for each, and an exclusion takes away from inclusions of its own part only.
   */
  readonly partOf?: (assignment: JsonObject) => string;
  /** The targets it can be assigned to. */
  readonly targets: readonly TargetType[];
  /** Intune has no such target as all users here, and keeps the group that stands for them. */
  readonly usersAsGroup?: true;
  readonly takesFilters: boolean;
  /** Its filters are of managed apps, and not of devices. */
  readonly managedAppFilters?: true;
  /** Why no policy of the kind can have such an entry; undefined: nothing speaks against it. */
  readonly entryRefusal?: (entry: JsonObject) => Refusal | undefined;
  /** Intune's own deployments (preview) may add groups to its assignments. */
  readonly isDeployed?: true;
  /** Why a policy can't have two such entries beside each other, in a sentence; undefined: it can. */
  readonly notBeside?: (entry: JsonObject, other: JsonObject) => string | undefined;
  /** Why an assignment that is added is not whole. */
  readonly addRefusal?: (entry: JsonObject) => Refusal | undefined;
  /**
   * Why this policy can't have what a write brings to it. What it has already is nobody's fault.
   * @param policy as the collection shows it
   * @param before the entry as it was; undefined: it is added
   */
  readonly refuses?: (
    policy: JsonObject,
    after: JsonObject,
    before: JsonObject | undefined,
  ) => Refusal | undefined;
  /** An entry that changes, as it is sent: without what it can't keep where it goes. */
  readonly settled?: (entry: JsonObject) => JsonObject;
  /** Any entry of a list, as it is sent, be it changed or not: in a spelling that the kind takes. */
  readonly asSent?: (entry: JsonObject) => JsonObject;
  /** What devices have done with it by then, which no rollback takes back; as it stands in a sentence. */
  readonly leaves?: string;
  /** The platform of a policy as the collection shows it; undefined when it tells none. */
  readonly platformOf: (policy: JsonObject) => DevicePlatform | undefined;
  /** What devices would miss at once without a policy, as the collection shows it; undefined, or left out: nothing. */
  readonly protects?: (policy: JsonObject) => Protection | undefined;

  /** The requests that Intune counts together with those for this kind. */
  readonly family: Family;
  readonly permissions: Permissions;
  /** The policy type of Multi Admin Approval that covers it; undefined: none does. */
  readonly approvalType: string | undefined;
}

/** What a device that loses a policy loses with it: in words, as a finding has them. */
export type Protection = 'compliance' | 'Wi-Fi' | 'VPN' | 'certificates' | 'wired network' | 'app protection';

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
  | { readonly how: 'postDelete' }
  | {
      readonly how: 'refused';
      /** Why nothing of it is written here, and what to do instead: two sentences. */
      readonly because: string;
      readonly instead: string;
    };

export interface OwnField {
  readonly name: string;
  /** One of these words; any text; yes or no; or an object as Graph shows it, value for value. */
  readonly takes: readonly string[] | 'text' | 'boolean' | 'json';
  /** Graph keeps what it has, whatever is sent. */
  readonly isReadOnly?: true;
}

/**
 * How a list of this kind is written in a run: a kind that has no PATCH goes by its list as it was read, whatever the run's strategy, be it
 * as a whole or each assignment by itself.
 */
export const writesBy = ({ write }: Pick<Kind, 'write'>, strategy: Strategy | undefined): Strategy =>
  write.how === 'patch' ? (strategy ?? 'patch') : 'assign';

/** Whether an assignment of this kind comes by POST and goes by DELETE. */
export const isPostDelete = ({ write }: Pick<Kind, 'write'>): boolean => write.how === 'postDelete';

/** Which part of its policy an assignment is about; '' where policies have one only. */
export const partOf = ({ partOf: part }: Pick<Kind, 'partOf'>, assignment: JsonObject): string =>
  part?.(assignment) ?? '';

export const ownField = ({ ownFields }: Kind, name: string): OwnField | undefined =>
  ownFields.find((field) => field.name === name);

/** Whether Graph keeps this property of an assignment as it is, whatever is sent. */
export const isReadOnly = (kind: Kind, name: string): boolean => ownField(kind, name)?.isReadOnly === true;

/** For the beginning of a sentence. */
export const capitalized = (label: string): string =>
  /^.\p{Lu}/u.test(label) ? label : label.charAt(0).toUpperCase() + label.slice(1);
