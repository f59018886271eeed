import { policyKey } from '../kinds/address.ts';
import { kindNamed, KINDS, type PolicyKind } from '../kinds/registry.ts';
import { NO_ACTION } from '../rows/action.ts';
import type { InputColumn } from '../rows/columns.ts';
import { NAME_PAIRS, type NamePair } from './namePairs.ts';
import { RowReader, type ReadingRules } from '../rows/rowReader.ts';
import type { Fault, InputRow, Problem } from '../rows/row.ts';
import { targetTypeNamed } from '../rows/writtenTarget.ts';
import { quoted } from '../values/quoted.ts';
import { foldedName, type Found, type Named, type NameTable } from './nameTable.ts';

/** A policy as people tell it from others of its name. */
export interface NamedPolicy extends Named {
  readonly kind: PolicyKind;
  readonly platform: string | undefined;
  /** What it is assigned to, in a few words. */
  readonly assignedTo: string;
}

export interface NamedFilter extends Named {
  /** Graph's `devicePlatformType`. */
  readonly platform: string | undefined;
  /** Whom it means; undefined where the tenant does not show it. */
  readonly rule?: string | undefined;
}

/** What the tenant calls its things. Of what could not be read it says why, as a sentence with a remedy. */
export interface TenantNames {
  readonly policies: NameTable<NamedPolicy>;
  /** Kinds of policies that this sign-in is not shown, each with the reason. */
  readonly notShown?: readonly string[];
  /** The kinds that have a policy of this id. */
  kindsOf(policyId: string): readonly PolicyKind[];
  readonly filters: NameTable<NamedFilter> | NotReadable;
  /** Of the names that were asked for. */
  group(name: string): Found<Named> | NotReadable;
}

export interface NotReadable {
  readonly kind: 'notReadable';
  readonly message: string;
  readonly remedy: string;
}

/** How names are read. */
export interface NameRules {
  /** Ids in the file are another tenant's: what has a name is found by it alone. */
  readonly byName: boolean;
}

/** Names that have to be looked up before a row can be read. */
export interface NamesNeeded {
  readonly policies: readonly string[];
  /** The kinds that these policies are of; undefined among them: any. */
  readonly kinds: readonly (PolicyKind | undefined)[];
  /** Ids of policies whose kind the row does not say. */
  readonly policyIds: readonly string[];
  readonly groups: readonly string[];
  readonly filters: readonly string[];
}

/** A name that was found only when letter case and Unicode form did not count. */
export interface FoldedName {
  readonly written: string;
  readonly found: string;
}

/** What stands in the place of an id that is another tenant's. */
const FOREIGN_IDS: readonly InputColumn[] = [...NAME_PAIRS.map(({ id }) => id), 'assignmentId'];

/** Targets that only their own tenant knows, and that people know by no name. */
const FOREIGN_TARGETS = ['collectionId', 'entraObjectId', 'organizationalUnitId'] as const;

/** Words that stand in a column of filters' names where there is none. */
const NO_FILTER = new Set(['none', 'n/a', 'no filter', '-']);

const hasRaw = ({ cells }: InputRow): boolean => cells.has('target') || cells.has('body');

/** Whether the cell of a name has to be looked up: an id beside it says it already, and a raw target needs none. */
function isOpen(row: InputRow, { name, id, of }: NamePair, { byName }: NameRules): boolean {
  const { cells } = row;
  if (!cells.has(name) || (cells.has(id) && !byName)) return false;
  if (of === 'policies') return byName || !cells.has('url');
  if (name === 'groupName') return !hasRaw(row) && takesGroup(row) && wantsTarget(row);
  if (name === 'filterName') return !hasRaw(row) && wantsTarget(row) && !isNoFilter(cells.get(name));
  return true;
}

/** Whether what stands in a column of filters' names says that there is none. */
export const isNoFilter = (value: unknown): boolean =>
  typeof value === 'string' && NO_FILTER.has(value.trim().toLowerCase());

/**
 * `clear` and `none` want nothing, and `remove` expects a target only where its type stands beside it: other names are there to be read by
 * people.
 */
function wantsTarget({ cells }: InputRow): boolean {
  const action = String(cells.get('action') ?? '').toLowerCase();
  return action === 'remove' ? cells.has('targetType') : action !== 'clear' && action !== NO_ACTION;
}

/** An export calls all devices by a name, too. */
function takesGroup({ cells }: InputRow): boolean {
  const written = cells.get('targetType');
  if (written === undefined) return true;
  const type = targetTypeNamed(String(written));
  return type === 'group' || type === 'exclusionGroup';
}

/** The id of a policy whose kind the row does not say, as exports of other tools have it; undefined: there is nothing to look up. */
function idWithoutKind({ cells }: InputRow, { byName }: NameRules): string | undefined {
  const id = cells.get('policyId');
  return typeof id === 'string' && !byName && !cells.has('policyType') && !cells.has('url') ? id : undefined;
}

/** The names of a row that have to be looked up; undefined when it can be read as it is. */
export function namesNeeded(row: InputRow, rules: NameRules): NamesNeeded | undefined {
  const open = NAME_PAIRS.filter((pair) => isOpen(row, pair, rules));
  const policyId = idWithoutKind(row, rules);
  const isForeign = rules.byName && [...FOREIGN_IDS, ...FOREIGN_TARGETS].some((id) => row.cells.has(id));
  if (open.length === 0 && policyId === undefined && !isForeign) return undefined;
  const of = (what: NamePair['of']): string[] =>
    open.filter((pair) => pair.of === what).map(({ name }) => String(row.cells.get(name)));
  const policies = of('policies');
  const isOfAKind = policies.length > 0 || policyId !== undefined;
  return {
    ...{ policies, groups: of('groups'), filters: of('filters') },
    policyIds: policyId === undefined ? [] : [policyId],
    kinds: isOfAKind ? [kindWritten(row)] : [],
  };
}

function kindWritten({ cells }: InputRow): PolicyKind | undefined {
  const written = cells.get('policyType');
  return typeof written === 'string' ? kindNamed(written) : undefined;
}

/** A row with ids in the place of its names, or every problem that its names have. */
export type Resolved =
  | { readonly row: InputRow; readonly folded: readonly FoldedName[] }
  | {
      readonly problems: readonly Problem[];
      /**
       * The policies that its name may mean, by `policyKey`: the one, the candidates, or those of the nearest names, so that their other
       * rows can be left out with it. Undefined: it was not looked up.
       */
      readonly policies: readonly string[] | undefined;
    };

export function resolved(row: InputRow, names: TenantNames, rules: ReadingRules & NameRules): Resolved {
  const reader = new RowReader(row, rules);
  const cells = new Map(row.cells);
  const folded: FoldedName[] = [];
  let policies: readonly string[] | undefined;
  const take = <T extends Named>(
    column: InputColumn,
    found: Found<T> | NotReadable,
    what: What<T>,
  ): T | undefined => {
    const written = String(row.cells.get(column));
    if (found.kind !== 'one') {
      const fault = notFound(written, found, what);
      const unseen = column === 'policyName' && found.kind === 'none' ? (names.notShown ?? []) : [];
      const was = row.renamed?.get(column);
      const message =
        was === undefined
          ? fault.message
          : `${fault.message} --rename puts it in the place of ${quoted(was)}.`;
      return reader.fault(column, { message, remedy: [fault.remedy, ...unseen].join(' ') });
    }
    if (found.isFolded) folded.push({ written, found: found.found.name });
    return found.found;
  };
  if (rules.byName) withoutForeignIds(reader, cells);
  const policyId = idWithoutKind(row, rules);
  if (policyId !== undefined) {
    const kind = kindOfPolicy(reader, policyId, names);
    if (kind !== undefined) cells.set('policyType', kind.policyType);
  }
  for (const pair of NAME_PAIRS.filter((each) => isOpen(row, each, rules))) {
    const written = String(row.cells.get(pair.name));
    switch (pair.of) {
      case 'policies': {
        const found = policyOf(reader, written, names, rules);
        policies = meantBy(found).map(({ kind, id }) => policyKey({ kind, policyId: id }));
        const policy = take(pair.name, found, POLICY);
        if (policy !== undefined) {
          cells.set('policyId', policy.id).set('policyType', policy.kind.policyType);
          cells.delete('url');
        }
        break;
      }
      case 'groups': {
        const group = take(pair.name, names.group(written), groupIn(pair.id));
        if (group !== undefined) cells.set(pair.id, group.id);
        setDefault(cells, pair.name === 'groupName' ? 'targetType' : 'fromTargetType', 'group');
        break;
      }
      case 'filters': {
        const table = names.filters;
        const found = 'kind' in table ? table : table.find(written);
        const filter = take(pair.name, found, filterIn(pair.id));
        if (filter !== undefined) cells.set(pair.id, filter.id);
      }
    }
  }
  if (wantsTarget(row) && isNoFilter(cells.get('filterName'))) setDefault(cells, 'filterType', 'none');
  if (reader.problems.length > 0) return { problems: reader.problems, policies };
  return { row: { ...row, cells }, folded };
}

function meantBy<T>(found: Found<T>): readonly T[] {
  switch (found.kind) {
    case 'one':
      return [found.found];
    case 'several':
      return found.candidates;
    case 'none':
      return found.nearest;
  }
}

function setDefault(cells: Map<InputColumn, unknown>, column: InputColumn, value: string): void {
  if (!cells.has(column)) cells.set(column, value);
}

/** Ids are one policy's in practice; nothing says that they must be. */
function kindOfPolicy(reader: RowReader, policyId: string, names: TenantNames): PolicyKind | undefined {
  const [kind, ...others] = names.kindsOf(policyId);
  if (kind === undefined)
    return reader.problem(
      'policyId',
      `The tenant has no policy with the id ${quoted(policyId)} among the kinds that this version knows: ${KINDS.map(({ label }) => label.many).join(', ')}.`,
      'Take the row out, or check that the file is of this tenant (with --by-name policies are found by their names).',
    );
  if (others.length === 0) return kind;
  return reader.problem(
    'policyId',
    `Policies of several kinds have the id ${quoted(policyId)}: ${[kind, ...others].map(({ policyType }) => policyType).join(', ')}.`,
    'Add the column policyType, and write the one that is meant.',
  );
}

/** An id of another tenant that has no name beside it says nothing here. */
function withoutForeignIds(reader: RowReader, cells: Map<InputColumn, unknown>): void {
  for (const { name, id } of NAME_PAIRS) {
    if (cells.has(id) && !cells.has(name))
      reader.problem(
        id,
        `With --by-name the ${id} of another tenant says nothing, and there is no ${name}.`,
        `Fill in ${name}, or give --rename with what the ${id} is called here.`,
      );
    cells.delete(id);
  }
  for (const column of FOREIGN_TARGETS)
    if (cells.has(column))
      reader.problem(
        column,
        `With --by-name the ${column} of another tenant says nothing, and there is no name for it.`,
        'Leave the row out, and assign by hand what it stands for.',
      );
  if (cells.has('url'))
    reader.problem(
      'url',
      'With --by-name a URL of another tenant says nothing.',
      'Fill in policyName, and leave url blank.',
    );
  for (const raw of ['target', 'body'] as const)
    if (cells.has(raw))
      reader.problem(
        raw,
        `With --by-name the ids in a ${raw} of another tenant say nothing.`,
        'Write targetType and groupName instead, or leave the row out.',
      );
  cells.delete('assignmentId');
}

/** One that the row's type fits, and of several the one of the row's platform, if it says one. */
function policyOf(
  reader: RowReader,
  written: string,
  names: TenantNames,
  { byName }: NameRules,
): Found<NamedPolicy> {
  const kind = kindWritten(reader.row);
  const platform = reader.row.cells.get('platform');
  const isOfKind = (policy: NamedPolicy): boolean => kind === undefined || policy.kind === kind;
  const isOfPlatform = (policy: NamedPolicy): boolean =>
    typeof platform !== 'string' ||
    policy.platform === undefined ||
    foldedName(policy.platform) === foldedName(platform);
  const found = names.policies.find(written, isOfKind);
  if (found.kind === 'several' || (byName && found.kind === 'one')) {
    const narrowed = names.policies.find(written, (policy) => isOfKind(policy) && isOfPlatform(policy));
    return found.kind === 'several' && narrowed.kind === 'none' ? found : narrowed;
  }
  return found;
}

/** Why a name is no id, and what to write instead. */
export function notFound<T extends Named>(
  written: string,
  found: Exclude<Found<T>, { kind: 'one' }> | NotReadable,
  what: What<T>,
): Fault {
  switch (found.kind) {
    case 'none':
      return {
        message: `There is no ${what.one} ${quoted(written)}.`,
        remedy: nearestInWords(found.nearest, what),
      };
    case 'several':
      return {
        message: `${found.candidates.length} ${what.many} are called ${quoted(written)}: ${candidatesInWords(found.candidates, what)}.`,
        remedy: `Write the id of the one that is meant as ${what.idColumn}${what.tellApart}.`,
      };
    case 'notReadable':
      return found;
  }
}

/** How things of one sort are spoken of. */
export interface What<T> {
  readonly one: string;
  readonly many: string;
  /** Where an id is written: a column, or a flag. */
  readonly idColumn: string;
  readonly tellApart: string;
  readonly inWords: (item: T) => string;
}

export const POLICY: What<NamedPolicy> = {
  ...{ one: 'policy', many: 'policies', idColumn: 'policyId' },
  tellApart: ', or its policyType or platform where that tells them apart',
  inWords: ({ id, kind, platform, assignedTo }) =>
    [id, kind.policyType, ...(platform === undefined ? [] : [platform]), assignedTo].join(', '),
};

export const groupIn = (idColumn: string): What<Named> => ({
  ...{ one: 'group', many: 'groups', idColumn, tellApart: '' },
  inWords: ({ id }) => id,
});

export const filterIn = (idColumn: string): What<NamedFilter> => ({
  ...{ one: 'filter', many: 'filters', idColumn, tellApart: '' },
  inWords: ({ id, platform }) => [id, ...(platform === undefined ? [] : [platform])].join(', '),
});

/** Candidates that are told one by one. */
const CANDIDATES_MAX = 5;

function candidatesInWords<T>(candidates: readonly T[], { inWords }: What<T>): string {
  const told = candidates.slice(0, CANDIDATES_MAX).map(inWords).join('; ');
  const more = candidates.length - CANDIDATES_MAX;
  return more > 0 ? `${told}; and ${more} more` : told;
}

const nearestInWords = <T extends Named>(nearest: readonly T[], { one, idColumn }: What<T>): string =>
  nearest.length > 0
    ? `Did you mean ${nearest.map(({ name }) => quoted(name)).join(' or ')}?`
    : `Write the name of a ${one} of this tenant, or its id as ${idColumn}.`;
