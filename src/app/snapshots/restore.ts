import type { CurrentAssignment } from '../../assignments/changes/current.ts';
import type { Inverse } from '../../assignments/changes/inverse.ts';
import { listPath, policyKey, type Address } from '../../assignments/kinds/address.ts';
import type { Strategy } from '../../assignments/kinds/kind.ts';
import { kindsIn } from '../../assignments/kinds/registry.ts';
import type { Renames } from '../../assignments/names/rename.ts';
import { asRow } from '../../assignments/rows/asRow.ts';
import { INPUT_COLUMNS, type InputColumn } from '../../assignments/rows/columns.ts';
import type { Problem } from '../../assignments/rows/row.ts';
import type { ReadingRules } from '../../assignments/rows/rowReader.ts';
import type { Selector } from '../../assignments/rows/selector.ts';
import {
  restoringCells,
  restoringOf,
  type LeftAlone,
  type Restoring,
} from '../../assignments/snapshots/restoring.ts';
import { groupsHere, translated, type TwoTenants } from '../../assignments/snapshots/translate.ts';
import type { SnapshotPolicy } from '../../assignments/snapshots/snapshot.ts';
import { groupOf } from '../../assignments/targets/currentTarget.ts';
import { filterOf } from '../../assignments/targets/filter.ts';
import { quoted } from '../../assignments/values/quoted.ts';
import { EXIT, UserError } from '../../errors.ts';
import type { ReadList } from '../../graph/reads/currentAssignments.ts';
import type { PolicyLists } from '../../graph/reads/policyLists.ts';
import type { SendReads } from '../../graph/reads/reading.ts';
import { POLICY_ROWS_MAX, type Staging } from '../../runs/staging.ts';
import { Draft } from '../draft/draft.ts';
import type { DraftRows } from '../draft/draftRows.ts';
import type { RunTerms } from '../draft/draftTerms.ts';
import { WELL } from '../draft/intake.ts';
import { PROBLEMS_SHOWN_MAX } from '../problemsShown.ts';
import { Stagings } from '../draft/stagings.ts';
import { EXPORT_COLUMNS } from '../export.ts';
import { inChunks } from '../inChunks.ts';
import { expectNoneLagging, readBelievedLists, type ListSource } from '../believedLists.ts';
import { expectKindAnswered, expectRead } from '../plan/unreadable.ts';
import { policyListsOf } from '../policyListsOf.ts';
import { untilLanded } from '../rollback/untilLanded.ts';
import type { Services } from '../services.ts';
import { sayable } from '../shownPolicies.ts';
import { count, themOf } from '../words.ts';
import { withReads } from '../withReads.ts';
import { GroupsThere } from './groupsThere.ts';
import type { OpenSnapshot } from './openSnapshot.ts';
import { twoTenants } from './twoTenants.ts';

/** Policies whose lists are read and compared side by side. */
const POLICIES_TOGETHER = 500;

/** Lines that are named of what can't be restored. */
const LINES_SHOWN = 8;

export const RESTORE_SCOPES = ['all', 'listed-groups'] as const;
export type RestoreScope = (typeof RESTORE_SCOPES)[number];

/** What the rows of a restore can be selected by. */
export const RESTORE_COLUMNS: readonly InputColumn[] = EXPORT_COLUMNS;

export interface RestoreTerms {
  readonly selector: Selector;
  /** listed-groups: only assignments to groups that the snapshot names anywhere, and their exclusions. */
  readonly scope: RestoreScope;
  /** Policies, groups and filters are found by what they are called, as those of another tenant have other ids. */
  readonly isByName: boolean;
  /** What they are called here instead. */
  readonly renames: Renames | undefined;
  /** A policy with a problem is left out, all of it. */
  readonly skipInvalid: boolean;
  readonly strategy: Strategy;
  /** Undefined: it is planned and forgotten. */
  readonly run: RunTerms | undefined;
}

/** What is to be restored, and what is not. */
export interface Restorable {
  readonly rows: number;
  readonly byAction: Readonly<Record<Inverse['action'], number>>;
  /** Policies of the snapshot that are as they were, by what they were compared in. */
  readonly same: number;
  /** Policies that differ, but not in what is meant. */
  readonly unmeant: number;
  /** Assignments that only a policy set, a deployment or the like can change. */
  readonly left: Readonly<Record<LeftAlone, number>>;
  /** Policies that are gone. */
  readonly gone: number;
  /** Where the first of them stand in the snapshot. */
  readonly goneLines: readonly number[];
  /** Policies whose list can't be read, by the reason. */
  readonly unreadable: ReadonlyMap<string, number>;
  /** Rows of policies with problems, and these policies. */
  readonly skipped: { readonly rows: number; readonly policies: number };
}

export interface RestoreDraft {
  readonly draft: Draft;
  readonly restorable: Restorable;
}

/**
 * Compares the tenant with a snapshot of it, and stages the rows that bring each policy's list back. What the snapshot does not know is left
 * alone.
 * @throws UserError (exit 2) for another tenant's, and for problems, of which `problems` has told; nothing is left in Redis
 */
export async function draftRestore(
  snapshot: OpenSnapshot,
  terms: RestoreTerms,
  services: Services,
): Promise<RestoreDraft> {
  if (!terms.isByName) expectOurs(snapshot, services);
  const rules: ReadingRules = {
    ...{ root: services.identity.config.graphUrl, apiVersion: 'beta', blind: false },
    ...{ restores: true, strategy: terms.strategy },
  };
  const name = `restore of ${snapshot.name}`;
  const stagings = new Stagings(services, terms.run, { name, rules });
  const found = Promise.withResolvers<Restorable>();
  const stage = (): Promise<DraftRows> =>
    withReads(services, async (send, base) => {
      const staging = await stagings.begin();
      const lists = policyListsOf(base, services);
      const both = terms.isByName
        ? await twoTenants(snapshot, terms.renames, { lists, send }, services)
        : undefined;
      const restore = new Restore(snapshot, terms, { staging, lists, send, rules, services, both });
      for await (const policies of inChunks(snapshot.policies(), POLICIES_TOGETHER))
        await restore.take(policies);
      restore.expectWell();
      await staging.flush();
      found.resolve(restore.restorable);
      return {
        ...{ staging, rules, lists, isRestoring: false, leftOut: restore.leftOut },
        intake: { ...WELL, name, sha256: snapshot.end.sha256, columns: restore.columns },
      };
    });
  const draft = await Draft.of(stagings, stage, { given: {}, run: terms.run }, services);
  return { draft, restorable: await found.promise };
}

/** @throws UserError (exit 2) for a snapshot of another tenant */
export function expectOurs({ name, manifest }: OpenSnapshot, { identity }: Pick<Services, 'identity'>): void {
  if (manifest.tenant === identity.tenant) return;
  throw new UserError(`${name} is of tenant ${manifest.tenant}, not of ${identity.tenant}.`, {
    remedy:
      'Sign in to that tenant, or add --by-name: then its policies, groups and filters are found here by what they are called, and --rename says where that differs. Nothing was changed.',
    exitCode: EXIT.badInput,
  });
}

interface RestoreWork {
  readonly staging: Staging;
  readonly lists: PolicyLists;
  readonly send: SendReads;
  readonly rules: ReadingRules;
  readonly services: Services;
  /** Undefined: ids count. */
  readonly both: TwoTenants | undefined;
}

interface PolicyOfFile {
  readonly line: number;
  readonly policy: SnapshotPolicy;
}

interface PolicyNow {
  readonly name: string | undefined;
  readonly platform: string | undefined;
}

/** A policy whose list is not as it was. */
interface ComparedPolicy extends PolicyOfFile {
  readonly address: Address;
  readonly restoring: Restoring;
}

/** What is to be done for one policy. */
interface PolicyRows extends PolicyOfFile {
  readonly address: Address;
  readonly inverses: readonly Inverse[];
}

/** Takes the policies of a snapshot, some hundreds at a time. */
class Restore {
  readonly #snapshot: OpenSnapshot;
  readonly #terms: RestoreTerms;
  readonly #work: RestoreWork;
  readonly #groups: GroupsThere;
  /** The groups that the snapshot names anywhere, by their ids here. */
  readonly #listed: ReadonlySet<string>;
  readonly #columns = new Set<InputColumn>();
  readonly #byAction = { set: 0, remove: 0, add: 0 };
  readonly #left = { kept: 0, lost: 0, standsIn: 0 };
  readonly #unreadable = new Map<string, number>();
  readonly #problems: Problem[] = [];
  readonly #goneLines: number[] = [];
  #problemTotal = 0;
  #rows = 0;
  #same = 0;
  #unmeant = 0;
  #gone = 0;
  #skipped = { rows: 0, policies: 0 };
  /** What policies are called now, by `policyKey`. */
  readonly #called = new Map<string, PolicyNow>();

  constructor(snapshot: OpenSnapshot, terms: RestoreTerms, work: RestoreWork) {
    this.#snapshot = snapshot;
    this.#terms = terms;
    this.#work = work;
    this.#groups = new GroupsThere(work.send);
    this.#listed = work.both === undefined ? snapshot.groups : groupsHere(snapshot.groups, work.both);
  }

  get restorable(): Restorable {
    return {
      ...{ rows: this.#rows, byAction: this.#byAction, same: this.#same, left: this.#left },
      unmeant: this.#unmeant,
      ...{ gone: this.#gone, goneLines: this.#goneLines, unreadable: this.#unreadable },
      skipped: this.#skipped,
    };
  }

  get columns(): readonly InputColumn[] {
    return INPUT_COLUMNS.filter((column) => this.#columns.has(column));
  }

  /** What the snapshot has and the run will not bring. */
  get leftOut(): number {
    return this.#skipped.rows + this.#gone + [...this.#unreadable.values()].reduce((sum, n) => sum + n, 0);
  }

  /** @throws UserError (exit 2) when there were problems, unless their policies are left out */
  expectWell(): void {
    if (this.#problemTotal === 0) return;
    const { events } = this.#work.services;
    events.emit('problems', {
      ...{ name: this.#snapshot.name, problems: this.#problems, problemTotal: this.#problemTotal },
    });
    if (this.#terms.skipInvalid) {
      events.emit('leftOut', this.#skipped.rows, this.#skipped.policies);
      return;
    }
    throw new UserError(
      `${this.#snapshot.name} has ${count(this.#problemTotal, 'problem')}; nothing was queued.`,
      {
        remedy: `Mend ${themOf(this.#problemTotal)} and start again, or leave out their policies with --skip-invalid.`,
        exitCode: EXIT.badInput,
      },
    );
  }

  async take(policies: readonly PolicyOfFile[]): Promise<void> {
    await this.#learnNames();
    const compared = await this.#compared(policies.flatMap((each) => this.#translated(each)));
    const differing = compared.flatMap(({ restoring: { inverses } }) => inverses);
    await this.#groups.learn({
      named: differing.flatMap((inverse) => groupOf(entryOf(inverse).target) ?? []),
      needed: differing.flatMap(groupsNeeded),
    });
    for (const each of compared) {
      const { inverses, isMeant } = this.#chosen(each);
      if (inverses.length > 0) await this.#stage({ ...each, inverses });
      else if (!isMeant) this.#unmeant += 1;
    }
  }

  #translated({ line, policy }: PolicyOfFile): readonly PolicyOfFile[] {
    const { both } = this.#work;
    if (both === undefined) return [{ line, policy }];
    const found = translated(policy, both);
    switch (found.kind) {
      case 'policy':
        return [{ line, policy: found.policy }];
      case 'gone':
        this.#passGone(line);
        return [];
      case 'faults':
        this.#refuse(
          found.faults.map((fault) => ({
            ...{ line, column: 1, ...fault },
            message: `${fault.message} (policy ${quoted(policy.name ?? policy.id)})`,
          })),
          policy.assignments.length,
        );
        return [];
    }
  }

  #passGone(line: number): void {
    this.#gone += 1;
    if (this.#goneLines.length < LINES_SHOWN) this.#goneLines.push(line);
  }

  /** @param rows that go with it, where policies with problems are left out */
  #refuse(problems: readonly Problem[], rows: number): void {
    this.#problemTotal += problems.length;
    this.#problems.push(...problems.slice(0, PROBLEMS_SHOWN_MAX - this.#problems.length));
    this.#skipped = { rows: this.#skipped.rows + rows, policies: this.#skipped.policies + 1 };
  }

  /** A page of many lists decides only of what is as it was; where anything else is found, the list is read by itself. */
  async #compared(policies: readonly PolicyOfFile[]): Promise<readonly ComparedPolicy[]> {
    const { lists, services } = this.#work;
    const withAddress = policies.map((each) => ({ ...each, address: addressOf(each.policy) }));
    // What lands on a list after it was compared would be left.
    const landed = await untilLanded(
      withAddress.map(({ address }) => listPath(address)),
      services,
    );
    const read = await this.#read(withAddress.map(({ address }) => address));
    const doubtful = withAddress.filter(({ address, policy }) => {
      const list = read.get(listPath(address));
      if (landed.has(listPath(address))) return true;
      if (!lists.isFromPage(listPath(address)) || list?.kind !== 'list') return false;
      return !isSame(restoringOf(policy.kind, policy.assignments, list.assignments));
    });
    const alone =
      doubtful.length === 0
        ? new Map<string, ReadList>()
        : await this.#read(
            doubtful.map(({ address }) => address),
            { isAlone: true },
          );
    const compared: ComparedPolicy[] = [];
    for (const { line, policy, address } of withAddress) {
      const list = alone.get(listPath(address)) ?? read.get(listPath(address));
      if (list === undefined) throw new Error(`nobody has read ${listPath(address)}`);
      expectRead(list, services.identity);
      if (list.kind === 'refused') {
        this.#pass(line, list);
        continue;
      }
      const restoring = restoringOf(policy.kind, policy.assignments, list.assignments);
      if (isSame(restoring)) this.#same += 1;
      else compared.push({ line, policy, address, restoring });
    }
    return compared;
  }

  async #read(
    addresses: readonly Address[],
    terms: { readonly isAlone?: boolean } = {},
  ): Promise<ReadonlyMap<string, ReadList>> {
    const { lists, send, rules, services } = this.#work;
    const source: ListSource = { lists, send, root: rules.root };
    const read = await readBelievedLists(addresses, source, services, terms);
    expectNoneLagging(read.lagging);
    return read.lists;
  }

  #pass(line: number, { status, error }: Extract<ReadList, { kind: 'refused' }>): void {
    if (status === 404) {
      this.#passGone(line);
      return;
    }
    const why = `${error.code}: ${error.message}`;
    this.#unreadable.set(why, (this.#unreadable.get(why) ?? 0) + 1);
  }

  /** What of the differences is meant. */
  #chosen({ policy, restoring: { inverses, left } }: ComparedPolicy): {
    readonly inverses: readonly Inverse[];
    readonly isMeant: boolean;
  } {
    const { scope, selector } = this.#terms;
    const isMeant = (assignment: CurrentAssignment, action?: Inverse['action']): boolean => {
      const group = groupOf(assignment.target)?.toLowerCase();
      if (scope !== 'all' && (group === undefined || !this.#listed.has(group))) return false;
      const cells = this.#cellsOf(policy, assignment, action);
      return selector.matches((column) => cells.get(column as InputColumn));
    };
    const meant = inverses.filter((inverse) => isMeant(entryOf(inverse), inverse.action));
    const leftAlone = left.filter(({ assignment }) => isMeant(assignment));
    for (const { why } of leftAlone) this.#left[why] += 1;
    return { inverses: meant, isMeant: meant.length + leftAlone.length > 0 };
  }

  #cellsOf(
    policy: SnapshotPolicy,
    assignment: CurrentAssignment,
    action: string | undefined,
  ): ReadonlyMap<InputColumn, string> {
    const { cells } = asRow(assignment, policy, this.#work.rules);
    const named = this.#namesFor(policy, assignment);
    return new Map<InputColumn, string>([
      ...cells,
      ...named,
      ...(action ? [['action', action] as const] : []),
    ]);
  }

  /** What people know policy, group and filter by: the policy by what it is called now, as a plan holds it against that. */
  #namesFor(
    policy: SnapshotPolicy,
    { target }: CurrentAssignment,
  ): readonly (readonly [InputColumn, string])[] {
    const called = this.#called.get(policyKey({ kind: policy.kind, policyId: policy.id }));
    const group = groupOf(target);
    const filter = filterOf(target)?.id;
    const { names } = this.#snapshot;
    const told: readonly (readonly [InputColumn, string | undefined])[] = [
      ['policyName', called?.name],
      ['platform', called?.platform ?? policy.platform],
      ['groupName', group && (names.of('group', group)?.name ?? this.#groups.nameOf(group))],
      ['filterName', filter && names.of('filter', filter)?.name],
    ];
    return told.flatMap(([column, name]) => (sayable(name) === '' ? [] : [[column, sayable(name)] as const]));
  }

  async #learnNames(): Promise<void> {
    if (this.#called.size > 0) return;
    const { lists, send, services } = this.#work;
    for (const [kind, found] of await lists.pages(kindsIn('beta'), send)) {
      expectKindAnswered(found, services.identity);
      if (found.kind === 'policies')
        for (const { id, displayName, platform } of found.policies)
          this.#called.set(policyKey({ kind, policyId: id }), { name: displayName, platform });
    }
  }

  async #stage({ policy, line, address, inverses }: PolicyRows): Promise<void> {
    const problems = this.#problemsOf(policy, line, inverses);
    if (problems.length > 0) {
      this.#refuse(problems, inverses.length);
      return;
    }
    for (const inverse of inverses) {
      const names = this.#namesFor(policy, entryOf(inverse));
      const carried = names.filter(([column]) => CARRIED.includes(column));
      const cells = new Map<InputColumn, unknown>([
        ...restoringCells(inverse, address, this.#work.rules.apiVersion),
        ...carried,
      ]);
      for (const column of cells.keys()) this.#columns.add(column);
      this.#rows += 1;
      this.#byAction[inverse.action] += 1;
      await this.#work.staging.add({ input: { line, cells }, policy: policyKey(address) });
    }
  }

  #problemsOf(policy: SnapshotPolicy, line: number, inverses: readonly Inverse[]): Problem[] {
    const place = { line, column: 1 };
    const called = quoted(policy.name ?? policy.id);
    const tooMany: Problem[] =
      inverses.length <= POLICY_ROWS_MAX
        ? []
        : [
            {
              ...place,
              message: `The policy ${called} differs in ${inverses.length} assignments; at most ${POLICY_ROWS_MAX} of one policy are written together.`,
              remedy: 'Restore it in parts, as with --where action=remove and then without.',
            },
          ];
    const gone = new Set(inverses.flatMap(groupsNeeded).filter((id) => this.#groups.isGone(id)));
    return [
      ...tooMany,
      ...[...gone].map((id) => ({
        ...place,
        message: `The group ${this.#groupInWords(id)} is gone; the policy ${called} was assigned to it.`,
        remedy: `Leave out what is about it with --where 'groupId!=${id}', or its policies with --skip-invalid.`,
      })),
    ];
  }

  #groupInWords(id: string): string {
    const name = this.#snapshot.names.of('group', id)?.name;
    return name === undefined ? id : `${quoted(name)} (${id})`;
  }
}

/** Cells that go with a row to the results of its run. */
const CARRIED: readonly InputColumn[] = ['policyName', 'groupName', 'platform'];

const entryOf = (inverse: Inverse): CurrentAssignment =>
  inverse.action === 'remove' ? inverse.current : inverse.was;

const isSame = ({ inverses, left }: Restoring): boolean => inverses.length + left.length === 0;

/** The group that an assignment brings back. */
const groupsNeeded = (inverse: Inverse): readonly string[] => {
  const group = inverse.action === 'add' ? groupOf(inverse.was.target) : undefined;
  return group === undefined ? [] : [group.toLowerCase()];
};

const addressOf = ({ kind, id }: SnapshotPolicy): Address => ({
  ...{ kind, policyId: id, assignmentId: '' },
  ...{ via: [], viaId: '' },
});
