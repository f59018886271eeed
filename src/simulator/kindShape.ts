import type { ApiVersion } from './apiVersion.ts';

/** A key among fixed segments. */
export const ANY_ID = Symbol('any id');

/** A property that an assignment has besides `id` and `target`, in beta only. */
export interface OwnProperty {
  readonly takes:
    | 'text or null'
    | 'boolean'
    | 'object or null'
    /** Of an abstract type, so that it has to say which heir it is. */
    | { readonly abstractType: string }
    | { readonly enumName: string; readonly members: readonly string[] };
  /** What it is where nobody says it. */
  readonly initial: unknown;
  /** OData ignores read-only properties that are sent. */
  readonly readOnly?: true;
  /** A write that does not say it is refused. */
  readonly required?: true;
}

/** A policy as far as its kind judges entries by it. */
export interface JudgedPolicy {
  readonly odataType: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** An entry of a list as it is asked for. */
export interface AskedEntry {
  readonly target: Readonly<Record<string, unknown>>;
  readonly own: Readonly<Record<string, unknown>>;
  /** The names of the properties that its target was sent with. */
  readonly targetNames: readonly string[];
}

/** One kind of policies. A new one is an entry of a table. */
export interface PolicyKind {
  /** As settings and tenant files name it. */
  readonly type: string;
  readonly set: string;
  readonly area: 'deviceManagement' | 'deviceAppManagement';
  readonly versions: readonly ApiVersion[];
  readonly nestedForms: readonly (readonly (string | typeof ANY_ID)[])[];
  /** The property that shows a policy's name. */
  readonly name: 'displayName' | 'name' | 'profileName';
  /** Some of the types of its policies; the first is what a policy is when nobody says it. */
  readonly policyTypes: readonly [string, ...string[]];
  readonly assignmentType: string;
  readonly own: Readonly<Record<string, OwnProperty>>;
  readonly takesPatch: boolean;
  /** The parameter of `assign` that has the list, the cast that it needs, and what is answered; null: it is not done by `assign`. */
  readonly assign: {
    readonly parameter: string;
    readonly cast?: string;
    readonly answers: 'list' | 'nothing';
  } | null;
  /** The `operationApprovalPolicyType` that covers it. */
  readonly approvalType: string | null;
  /** Whether the collection can be expanded: always, or only with a `$filter`, or not. */
  readonly expandsAll: 'yes' | 'withFilter' | 'no';
  readonly takesListFilter: boolean;
  /** What a single policy shows where it is expanded. */
  readonly expandsOne?: (policy: JudgedPolicy) => 'list' | 'empty';
  /** Whether `…/assignments` is answered. */
  readonly listsAlone: boolean;
  /** Assignments come by POST and go by DELETE, one at a time; their ids are made of policy, group and a number, or GUIDs. */
  readonly single?: 'numbered' | 'guid';
  /** Targets that it takes, without `AssignmentTarget`; undefined: all. */
  readonly targets?: readonly string[];
  /** Whether a policy takes filters; undefined: it does. */
  readonly takesFilter?: (policy: JudgedPolicy) => boolean;
  /** Why Intune refuses an entry, in its words. */
  readonly refuses?: (policy: JudgedPolicy, entry: AskedEntry) => string | undefined;
  /** One target may be assigned once for each intent, and ids are made of group and intent. */
  readonly byIntent?: true;
}
