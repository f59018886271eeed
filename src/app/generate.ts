import type { Named } from '../assignments/names/nameTable.ts';
import { kindsIn, type PolicyKind } from '../assignments/kinds/registry.ts';
import type { InputColumn } from '../assignments/rows/columns.ts';
import type { Selector } from '../assignments/rows/selector.ts';
import { copy } from '../assignments/rules/copy.ts';
import { filter, type FilterRule } from '../assignments/rules/filter.ts';
import { group } from '../assignments/rules/group.ts';
import { remove } from '../assignments/rules/remove.ts';
import type { Generated, RuleContext, RulePolicy } from '../assignments/rules/rule.ts';
import { swap, type OnConflict, type SwapPair } from '../assignments/rules/swap.ts';
import { TARGET_COLUMNS } from '../assignments/targets/target.ts';
import { EXIT, UserError } from '../errors.ts';
import { assignmentFilters } from '../graph/reads/assignmentFilters.ts';
import { groupNames } from '../graph/reads/groupNames.ts';
import type { SendReads } from '../graph/reads/reading.ts';
import { columnsOf, fileRules } from './export.ts';
import { askedIds, type AskedIds } from './names/askedIds.ts';
import { withNames } from './names/namesOf.ts';
import { readableKinds } from './readableKinds.ts';
import { expectColumns } from './runs/selection.ts';
import type { Services } from './services.ts';
import { shownPolicies } from './shownPolicies.ts';
import { withReads } from './withReads.ts';

/** A rule as it was asked for: groups and filters by name or id. */
export type AskedRule =
  | {
      readonly rule: 'swap';
      readonly pairs: readonly SwapPair[];
      readonly onConflict: OnConflict | undefined;
    }
  | { readonly rule: 'exclude' | 'include'; readonly group: string }
  | { readonly rule: 'copy'; readonly from: string; readonly to: string }
  | { readonly rule: 'remove'; readonly target: 'allDevices' | 'allLicensedUsers' }
  | { readonly rule: 'remove'; readonly target: 'group' | 'exclusionGroup'; readonly group: string }
  | {
      readonly rule: 'filter';
      /** Undefined: the filter is taken off. */
      readonly filter: { readonly name: string; readonly type: 'include' | 'exclude' } | undefined;
    };

/** A change file that a rule has made of what the tenant has now, and what stays out of it. */
export interface GeneratedFile extends Generated {
  readonly columns: readonly InputColumn[];
  /** Policies that have rows. */
  readonly policies: number;
  /** Pairs whose new group is the old one of another: generated again after they were applied, such rows come again. */
  readonly chained: readonly SwapPair[];
  /** The groups that were asked for; blank names where they may not be read. */
  readonly named: readonly Named[];
  readonly notShown: readonly string[];
  /** Kinds that were not asked for, as the token of this sign-in does not allow them. */
  readonly notAllowed: readonly PolicyKind[];
}

/** What rules about policies select by. */
const POLICY_COLUMNS: readonly InputColumn[] = ['policyType', 'policyId', 'policyName', 'platform'];
/** What rules about assignments select by. */
const ENTRY_COLUMNS: readonly InputColumn[] = [
  ...POLICY_COLUMNS,
  ...(['assignmentId', 'targetType', ...TARGET_COLUMNS, 'filterId', 'filterType', 'intent'] as const),
];

/**
 * Makes the rows of a change file out of a rule and of what the tenant has now. Nothing is written, in the tenant or elsewhere.
 * @throws UserError (exit 2) for a name that is none or that of several, and for what is no rule; (exit 4) when the tenant can't be read
 */
export function generate(
  { selector, ...asked }: AskedRule & { readonly selector: Selector },
  services: Services,
): Promise<GeneratedFile> {
  const { apiVersion } = services.identity.config;
  if (apiVersion === 'v1.0')
    throw wrong('Rules need the beta API: v1.0 hides filters.', 'Leave --api-version out.');
  const isOfPolicies = asked.rule === 'exclude' || asked.rule === 'include';
  expectColumns(selector, isOfPolicies ? POLICY_COLUMNS : ENTRY_COLUMNS, `The rule ${asked.rule} selects by`);
  return withReads(services, async (send, base) => {
    const filters = asked.rule === 'filter' && asked.filter !== undefined ? [asked.filter.name] : [];
    const ids = await askedIds({ groups: groupsOf(asked), filters }, send, services);
    const chained = asked.rule === 'swap' ? chainedIn(pairsOf(asked.pairs, ids)) : [];
    const { kinds, others: notAllowed } = readableKinds(kindsIn(apiVersion), services.identity);
    const { policies, notShown } = await shownPolicies(kinds, send, base, services);
    const context = { rules: fileRules(services), selector };
    const made = await ruled(asked, ids, policies, context, { send, base });
    const rows = await withNames(made.rows, send, base);
    return {
      ...{ rows, cases: made.cases, problems: made.problems, chained, notShown, notAllowed },
      columns: columnsOf(rows),
      policies: new Set(rows.map((cells) => `${cells.get('policyType')}/${cells.get('policyId')}`)).size,
      named: await namedBy(ids, send),
    };
  });
}

interface Reads {
  readonly send: SendReads;
  readonly base: string;
}

async function ruled(
  asked: AskedRule,
  ids: AskedIds,
  policies: readonly RulePolicy[],
  context: RuleContext,
  { send, base }: Reads,
): Promise<Generated> {
  switch (asked.rule) {
    case 'swap':
      return swap({ pairs: pairsOf(asked.pairs, ids), onConflict: asked.onConflict }, policies, context);
    case 'exclude':
    case 'include':
      return group({ how: asked.rule, groupId: groupIn(ids, asked.group) }, policies, context);
    case 'copy': {
      const [from, to] = [groupIn(ids, asked.from), groupIn(ids, asked.to)];
      if (from === to) throw itself(asked.from);
      return copy({ from, to }, policies, context);
    }
    case 'remove':
      return remove(
        'group' in asked ? { target: asked.target, groupId: groupIn(ids, asked.group) } : asked,
        policies,
        context,
      );
    case 'filter':
      return filter(await filterRule(asked.filter, ids, send, base), policies, context);
  }
}

async function filterRule(
  asked: Extract<AskedRule, { rule: 'filter' }>['filter'],
  ids: AskedIds,
  send: SendReads,
  base: string,
): Promise<FilterRule> {
  if (asked === undefined) return undefined;
  const id = ids.filters.get(asked.name) ?? '';
  const read = await assignmentFilters(send, base);
  const found =
    read.kind === 'filters' ? read.filters.find((each) => each.id.toLowerCase() === id) : undefined;
  if (read.kind === 'filters' && found === undefined)
    throw wrong(
      `The tenant has no filter ${id}.`,
      'Write the name or the id of one that it has as --filter.',
    );
  const platform = found?.platform === 'unknown' ? undefined : found?.platform;
  return { id, type: asked.type, platform };
}

function groupsOf(asked: AskedRule): readonly string[] {
  switch (asked.rule) {
    case 'swap':
      return asked.pairs.flatMap(({ from, to }) => [from, to]);
    case 'copy':
      return [asked.from, asked.to];
    case 'exclude':
    case 'include':
      return [asked.group];
    case 'remove':
      return 'group' in asked ? [asked.group] : [];
    case 'filter':
      return [];
  }
}

/**
 * Each old group once.
 * @throws UserError (exit 2) for one that shall become two
 */
function pairsOf(pairs: readonly SwapPair[], ids: AskedIds): readonly SwapPair[] {
  const toOf = new Map<string, string>();
  for (const pair of pairs) {
    const [from, to] = [groupIn(ids, pair.from), groupIn(ids, pair.to)];
    if (from === to) throw itself(pair.from);
    if (toOf.has(from) && toOf.get(from) !== to)
      throw wrong(
        `${pair.from} shall become two groups: ${toOf.get(from)} and ${to}.`,
        'Keep one of these pairs; `generate copy` adds a group beside another.',
      );
    toOf.set(from, to);
  }
  if (toOf.size === 0) throw wrong('There is no pair to swap.', 'Write --from and --to, or --pairs FILE.');
  return [...toOf].map(([from, to]) => ({ from, to }));
}

const groupIn = ({ groups }: AskedIds, written: string): string => groups.get(written) ?? '';

const chainedIn = (pairs: readonly SwapPair[]): readonly SwapPair[] =>
  pairs.filter(({ to }) => pairs.some(({ from }) => from === to));

async function namedBy({ groups }: AskedIds, send: SendReads): Promise<readonly Named[]> {
  const ids = [...new Set(groups.values())];
  const names = await groupNames(ids, send);
  return ids.map((id) => ({ id, name: names.get(id) ?? '' }));
}

const itself = (written: string): UserError =>
  wrong(`${written} is the old and the new group.`, 'Write another one as the new group.');

const wrong = (message: string, remedy: string): UserError =>
  new UserError(message, { remedy, exitCode: EXIT.badInput });
