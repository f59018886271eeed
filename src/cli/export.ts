import { setMaxListeners } from 'node:events';
import { asRow, type AsRow } from '../assignments/rows/asRow.ts';
import { INPUT_COLUMNS, type InputColumn } from '../assignments/rows/columns.ts';
import { platformOf } from '../assignments/targets/platforms.ts';
import { POLICY_TYPES, type PolicyType } from '../assignments/kinds/policyKinds.ts';
import type { SharedFlags } from '../config.ts';
import { EXIT, UserError } from '../errors.ts';
import { textFault } from '../formats/cells.ts';
import { writeRows } from '../formats/writeRows.ts';
import { tenantPolicies, type TenantPolicies, type TenantPolicy } from '../graph/tenantPolicies.ts';
import { readsWithin } from '../queue/reads.ts';
import type { CliCommand, Context } from './context.ts';
import { oneOf } from './flags.ts';
import { identify, sharedOptions, signIn, type Identity } from './identity.ts';
import { graphClientOf } from './livePlan.ts';
import { outputFormat, outputOptions, writeOutput, type OutputFlags } from './output.ts';
import { count } from './print.ts';
import { expectColumns, selectorFrom, whereOption } from './selection.ts';
import { openSession, type Session } from './session.ts';

interface ExportFlags extends SharedFlags, OutputFlags {
  readonly type?: PolicyType;
  readonly where?: readonly string[];
}

export const exportAssignments: CliCommand<ExportFlags> = {
  options: (command) =>
    outputOptions(
      sharedOptions(command)
        .addOption(oneOf('--type <type>', 'only policies of one type', POLICY_TYPES))
        .addOption(whereOption()),
    ),
  async run(_args, flags, context) {
    const format = outputFormat(flags);
    const types = flags.type === undefined ? POLICY_TYPES : [flags.type];
    const selector = selectorFrom(flags.where);
    expectColumns(selector, EXPORT_COLUMNS, 'An export has');
    await using session = await openSession(await signIn(identify(flags, context), context), context);
    const policies = await readTenant(types, session, context);
    const found = rowsOf(policies, session.identity).filter(({ cells }) =>
      selector.matches((column) => cells.get(column as InputColumn)),
    );
    const rows = found.filter(({ kind }) => kind === 'row').map(({ cells }) => cells);
    const records = rows.map((cells) => Object.fromEntries(cells));
    await writeOutput(writeRows(format, columnsOf(rows), records), flags.output, context);
    if (flags.output !== undefined) tellWritten(rows, flags.output, context);
    tellLeftOut(found, context);
    return EXIT.done;
  },
};

/** @throws UserError (exit 4) when the tenant does not show all policies of these types: a part would look like the whole. */
async function readTenant(
  types: readonly PolicyType[],
  session: Session,
  context: Context,
): Promise<readonly TenantPolicy[]> {
  const { identity, runs } = session;
  const graph = graphClientOf(identity);
  // One wait after the other listens on it, for thousands of policies.
  setMaxListeners(0, context.interrupted);
  try {
    const send = readsWithin({ ledger: session.ledgerOn(runs), graph }, undefined, context.interrupted);
    const { graphUrl, apiVersion } = identity.config;
    const read = await tenantPolicies(types, send, `${graphUrl}/${apiVersion}`);
    return [...read].flatMap(([type, found]) => {
      if (found.kind !== 'policies') throw notShown(type, found, identity);
      return found.policies;
    });
  } finally {
    await graph.close();
  }
}

function notShown(
  type: PolicyType,
  found: Exclude<TenantPolicies, { kind: 'policies' }>,
  { config, hint }: Identity,
): UserError {
  const why = 'why' in found ? found.why : `${found.error.code}: ${found.error.message}`;
  return new UserError(
    `Graph at ${config.graphUrl} does not show every ${type} with its assignments: ${why}`,
    {
      remedy: `Run \`${hint('doctor')}\`: it tells what is wrong. Then export again; nothing was written.`,
      exitCode: EXIT.environment,
    },
  );
}

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
function policyCells({ displayName, odataType }: TenantPolicy): [InputColumn, string][] {
  const name = displayName === undefined || textFault(displayName) !== undefined ? '' : displayName;
  return [
    ['policyName', name],
    ['platform', platformOf(odataType) ?? ''],
  ];
}

/** All that a present assignment can say. */
const EXPORT_COLUMNS: readonly InputColumn[] = INPUT_COLUMNS.filter(
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

function tellWritten(
  rows: readonly ReadonlyMap<InputColumn, string>[],
  output: string,
  { print }: Context,
): void {
  const policies = new Set(rows.map((cells) => `${cells.get('policyType')}/${cells.get('policyId')}`));
  const whose = count(policies.size, 'policy', 'policies');
  print.say(`Wrote ${count(rows.length, 'assignment')} of ${whose} to ${output}.`);
}

function tellLeftOut(found: readonly AsRow[], { print }: Context): void {
  const why: readonly [AsRow['kind'], string][] = [
    ['policySet', 'of policy sets, which only the policy set can change'],
    ['unspeakable', 'that no row can say, as with a target of an undocumented type'],
  ];
  for (const [left, reason] of why) {
    const n = found.filter(({ kind }) => kind === left).length;
    if (n > 0) print.say(`Left out: ${count(n, 'assignment')} ${reason}.`);
  }
}
