import { asRow, type AsRow } from '../assignments/rows/asRow.ts';
import { INPUT_COLUMNS, type InputColumn } from '../assignments/rows/columns.ts';
import type { Selector } from '../assignments/rows/selector.ts';
import { kindOf, kindsIn, type PolicyKind, type PolicyType } from '../assignments/kinds/registry.ts';
import { EXIT, UserError } from '../errors.ts';
import { textFault } from '../formats/cells.ts';
import type { TenantPolicies, TenantPolicy } from '../graph/reads/tenantPolicies.ts';
import { graphOf } from './graphOf.ts';
import type { Identity } from './identity.ts';
import { patientReads } from './patientReads.ts';
import { expectRead } from './plan/unreadable.ts';
import { policyListsOf } from './policyListsOf.ts';
import type { Services } from './services.ts';

/** The tenant's assignments as rows that `plan` reads, with the columns that they have. */
export interface Export {
  readonly columns: readonly InputColumn[];
  readonly rows: readonly ReadonlyMap<InputColumn, string>[];
  /** Policies that these rows are of. */
  readonly policies: number;
  /** Assignments that are no rows: of policy sets, and such as no row can say. */
  readonly leftOut: { readonly policySet: number; readonly unspeakable: number };
  /**
   * A sentence for each kind of policy that the tenant does not show whole: of such a kind there is nothing, as a part would look
   * like the whole.
   */
  readonly notShown: readonly string[];
}

/**
 * Reads the assignments of all policies, or of those of one type.
 * @throws UserError (exit 4) when the tenant shows none of them
 */
export async function exportAssignments(
  { type, selector }: { readonly type: PolicyType | undefined; readonly selector: Selector },
  services: Services,
): Promise<Export> {
  const { identity } = services;
  const kinds = type === undefined ? kindsIn(identity.config.apiVersion) : [kindOf(type)];
  const { policies: shown, notShown } = await readTenant(kinds, services);
  const found = rowsOf(shown, identity).filter(({ cells }) =>
    selector.matches((column) => cells.get(column as InputColumn)),
  );
  const rows = found.filter(({ kind }) => kind === 'row').map(({ cells }) => cells);
  const policies = new Set(rows.map((cells) => `${cells.get('policyType')}/${cells.get('policyId')}`));
  const left = (kind: AsRow['kind']): number => found.filter((each) => each.kind === kind).length;
  return {
    ...{ rows, columns: columnsOf(rows), policies: policies.size, notShown },
    leftOut: { policySet: left('policySet'), unspeakable: left('unspeakable') },
  };
}

interface Shown {
  readonly policies: readonly TenantPolicy[];
  readonly notShown: readonly string[];
}

/** @throws UserError (exit 4) when Graph gives no answer, or shows not one of these kinds. */
async function readTenant(kinds: readonly PolicyKind[], services: Services): Promise<Shown> {
  const { identity } = services;
  const graph = graphOf(identity, services);
  try {
    const send = patientReads(services, graph);
    const { graphUrl, apiVersion } = identity.config;
    const policies: TenantPolicy[] = [];
    const notShown: string[] = [];
    const lists = policyListsOf(`${graphUrl}/${apiVersion}`, services);
    for (const [kind, found] of await lists.believedPolicies(kinds, send)) {
      expectRead(found, identity);
      if (found.kind === 'policies') policies.push(...found.policies);
      else notShown.push(whyNotShown(kind, found, identity));
    }
    if (notShown.length === kinds.length) throw nothingShown(notShown, identity);
    return { policies, notShown };
  } finally {
    await graph.close();
  }
}

function whyNotShown(
  { policyType }: PolicyKind,
  found: Exclude<TenantPolicies, { kind: 'policies' }>,
  { config }: Identity,
): string {
  const why = 'why' in found ? found.why : `${found.error.code}: ${found.error.message}`;
  return `Graph at ${config.graphUrl} does not show every ${policyType} with its assignments: ${why}`;
}

const nothingShown = (notShown: readonly string[], { hint }: Identity): UserError =>
  new UserError(notShown.join('\n'), {
    remedy: `Run \`${hint('doctor')}\`: it tells what is wrong. Then export again; nothing was written.`,
    exitCode: EXIT.environment,
  });

function rowsOf(policies: readonly TenantPolicy[], { config }: Identity): AsRow[] {
  const rules = { root: config.graphUrl, apiVersion: config.apiVersion, blind: false };
  return policies.flatMap((policy) =>
    policy.assignments.map((assignment) => {
      const { kind, cells } = asRow(assignment, policy, rules);
      return { kind, cells: new Map([...cells, ...policyCells(policy)]) };
    }),
  );
}

/** A name that no file can hold, as one with control characters, stays blank: it is there to be read by people. */
function policyCells({ displayName, platform }: TenantPolicy): [InputColumn, string][] {
  const name = displayName === undefined || textFault(displayName) !== undefined ? '' : displayName;
  return [
    ['policyName', name],
    ['platform', platform ?? ''],
  ];
}

/** All that a current assignment can say. */
export const EXPORT_COLUMNS: readonly InputColumn[] = INPUT_COLUMNS.filter(
  (column) =>
    !['via', 'url', 'source', 'sourceId', 'target', 'body', 'action', 'note', 'groupName'].includes(column),
);

const ALWAYS: readonly InputColumn[] = [
  ...(['policyType', 'policyId', 'assignmentId', 'targetType'] as const),
  ...(['policyName', 'platform'] as const),
];

function columnsOf(rows: readonly ReadonlyMap<InputColumn, string>[]): readonly InputColumn[] {
  const used = new Set([...ALWAYS, ...rows.flatMap((cells) => [...cells.keys()])]);
  return INPUT_COLUMNS.filter((column) => used.has(column));
}
