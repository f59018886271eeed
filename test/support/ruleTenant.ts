import fc from 'fast-check';
import type { CurrentAssignment } from '../../src/assignments/changes/current.ts';
import { deviceCompliancePolicy } from '../../src/assignments/kinds/deviceCompliancePolicy.ts';
import { deviceConfiguration } from '../../src/assignments/kinds/deviceConfiguration.ts';
import type { PolicyKind } from '../../src/assignments/kinds/registry.ts';
import type { Change } from '../../src/assignments/rows/change.ts';
import { parseWhere } from '../../src/assignments/rows/selector.ts';
import type { Generated, RuleCells, RuleContext, RulePolicy } from '../../src/assignments/rules/rule.ts';
import type { JsonObject } from '../../src/assignments/values/json.ts';
import { changeOf } from '../../src/assignments/rows/change.ts';
import { groupOf } from '../../src/assignments/targets/currentTarget.ts';
import { allDevices, allUsers, current, excluded, filter, group } from './graphShapes.ts';
import { BETA } from './inputRow.ts';
import { carryOut, PolicyModel, type Naming } from './policyModel.ts';

/** What rules are told: rows of a record, so that a test may call its groups by letters. */
export function selecting(...where: readonly string[]): RuleContext {
  const selector = parseWhere(where);
  if ('message' in selector) throw new Error(selector.message);
  return { rules: BETA, selector };
}

export const policyOf = (
  assignments: readonly CurrentAssignment[],
  more: Partial<RulePolicy> = {},
): RulePolicy => ({
  ...{ kind: deviceConfiguration, id: 'P1', displayName: 'WIN', platform: undefined, assignments },
  ...more,
});

/** The rows as a person reads them: action, target, filter. */
export const inShort = ({ rows }: Pick<Generated, 'rows'>): string[] =>
  rows.map((cells) =>
    (['action', 'fromGroupId', 'targetType', 'groupId', 'filterType', 'filterId', 'intent'] as const)
      .map((column) => cells.get(column) ?? (column === 'action' ? 'set' : '-'))
      .join(' '),
  );

export const casesOf = ({ cases }: Pick<Generated, 'cases'>): Record<string, number> =>
  Object.fromEntries(cases);

export function changesOf(rows: readonly RuleCells[]): Change[] {
  return rows.map((cells, i) => {
    const read = changeOf({ line: i + 2, cells }, BETA);
    if ('change' in read) return read.change;
    throw new Error(read.problems.map(({ name, message }) => `${name}: ${message}`).join('\n'));
  });
}

/** A tenant whose ids follow groups has each group once in a list. */
const canFollow = ({ assignments }: RulePolicy): boolean => {
  const groups = assignments.flatMap(({ target }) => groupOf(target)?.toLowerCase() ?? []);
  return new Set(groups).size === groups.length;
};

/** The policies as a tenant shows them that names assignments so. */
export const named = (policies: readonly RulePolicy[], naming: Naming): readonly RulePolicy[] =>
  policies.map((policy) => ({ ...policy, assignments: modelOf(policy, naming).list }));

const modelOf = (policy: RulePolicy, naming: Naming): PolicyModel =>
  new PolicyModel(policy.assignments, canFollow(policy) ? naming : 'opaque');

/** The list of a policy after its rows were planned and written, and whether all of them came true. */
export function applied(
  policy: RulePolicy,
  rows: readonly RuleCells[],
  strategy: 'patch' | 'assign',
  naming: Naming = 'opaque',
): { readonly policy: RulePolicy; readonly isDone: boolean } {
  const model = modelOf(policy, naming);
  const mine = changesOf(rows.filter((cells) => cells.get('policyId') === policy.id));
  if (mine.length === 0) return { policy, isDone: true };
  const { standings } = carryOut(mine, model, strategy);
  return {
    policy: { ...policy, assignments: model.list },
    isDone: standings.every((standing) => standing === 'done') && model.lost.length === 0,
  };
}

const GROUPS = ['A', 'B', 'C', 'D', 'E'] as const;
const filters = fc.constantFrom(filter(), filter('F'), filter('F', 'exclude'), filter('H'));
const intents = fc.constantFrom({}, { intent: 'apply' }, { intent: 'remove' });
const sources = fc.constantFrom({}, {}, {}, { source: 'policySets', sourceId: 'S' }, { source: 'direct' });
const targets: fc.Arbitrary<JsonObject> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(fc.constantFrom(...GROUPS), filters).map(([id, more]) => group(id, more)),
  },
  { weight: 2, arbitrary: fc.constantFrom(...GROUPS).map((id) => excluded(id)) },
  fc.tuple(fc.constantFrom(allDevices, allUsers), filters).map(([of, more]) => of(more)),
);

const audience = ({ target }: CurrentAssignment): string =>
  `${String(target['@odata.type'])} ${String(target['groupId'])}`;

const kinds = fc.constantFrom<PolicyKind>(deviceConfiguration, deviceCompliancePolicy);

/** Some policies of which each has an audience once. */
export const tenants: fc.Arbitrary<readonly RulePolicy[]> = fc
  .array(
    fc
      .tuple(
        kinds,
        fc.array(fc.tuple(targets, intents, sources), { maxLength: 6 }),
        fc.constantFrom('WIN - Wi-Fi', 'WIN - Kiosk', 'iOS', undefined),
      )
      .map(([kind, list, displayName]) => ({ kind, list, displayName })),
    { minLength: 1, maxLength: 4 },
  )
  .map((seeds) =>
    seeds.map(({ kind, list, displayName }, p) => {
      const seen = new Set<string>();
      const assignments = list.flatMap(([target, intent, source], i) => {
        const own = kind === deviceConfiguration ? intent : {};
        const each = current(target, { ...own, ...source }, `a${p}${i}`);
        if (seen.has(audience(each))) return [];
        seen.add(audience(each));
        return [each];
      });
      return policyOf(assignments, { kind, id: `P${p}`, displayName });
    }),
  );
