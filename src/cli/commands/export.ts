import { asRow, type AsRow } from '../../assignments/rows/asRow.ts';
import { INPUT_COLUMNS, type InputColumn } from '../../assignments/rows/columns.ts';
import {
  kindNamed,
  kindOf,
  kindsIn,
  POLICY_TYPES,
  type PolicyKind,
  type PolicyType,
} from '../../assignments/kinds/registry.ts';
import type { SharedFlags } from '../../config.ts';
import { EXIT, UserError } from '../../errors.ts';
import { textFault } from '../../formats/cells.ts';
import { writeRows } from '../../formats/writeRows.ts';
import { tenantPolicies, type TenantPolicies, type TenantPolicy } from '../../graph/tenantPolicies.ts';
import { commandReads } from '../../app/patientReads.ts';
import type { CliCommand, Context } from '../context.ts';
import { oneNamed } from '../flags.ts';
import { identify, sharedOptions, signIn, type Identity } from '../../app/identity.ts';
import { graphClientOf } from '../../app/plan/makePlan.ts';
import { outputFormat, outputOptions, writeOutput, type OutputFlags } from '../terminal/output.ts';
import { expectColumns, selectorFrom, whereOption } from '../../app/runs/selection.ts';
import { openSession, type Session } from '../../app/services.ts';
import { expectRead } from '../../app/plan/unreadable.ts';
import { count } from '../../app/words.ts';

interface ExportFlags extends SharedFlags, OutputFlags {
  readonly type?: PolicyType;
  readonly where?: readonly string[];
}

export const exportAssignments: CliCommand<ExportFlags> = {
  options: (command) =>
    outputOptions(
      sharedOptions(command)
        .addOption(oneNamed('--type <type>', 'only policies of one type', POLICY_TYPES, typeNamed))
        .addOption(whereOption()),
    ),
  async run(_args, flags, context) {
    const format = outputFormat(flags);
    const selector = selectorFrom(flags.where);
    expectColumns(selector, EXPORT_COLUMNS, 'An export has');
    await using session = await openSession(await signIn(identify(flags, context), context), context);
    const kinds =
      flags.type === undefined ? kindsIn(session.identity.config.apiVersion) : [kindOf(flags.type)];
    const policies = await readTenant(kinds, session, context);
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

const typeNamed = (name: string): PolicyType | undefined => kindNamed(name)?.policyType;

/** @throws UserError (exit 4) when the tenant does not show all policies of these kinds: a part would look like the whole. */
async function readTenant(
  kinds: readonly PolicyKind[],
  session: Session,
  context: Context,
): Promise<readonly TenantPolicy[]> {
  const { identity } = session;
  const graph = graphClientOf(identity);
  try {
    const send = commandReads(session, graph, context);
    const { graphUrl, apiVersion } = identity.config;
    const read = await tenantPolicies(kinds, send, `${graphUrl}/${apiVersion}`);
    return [...read].flatMap(([kind, found]) => {
      expectRead(found, identity);
      if (found.kind !== 'policies') throw notShown(kind, found, identity);
      return found.policies;
    });
  } finally {
    await graph.close();
  }
}

function notShown(
  { policyType }: PolicyKind,
  found: Exclude<TenantPolicies, { kind: 'policies' }>,
  { config, hint }: Identity,
): UserError {
  const why = 'why' in found ? found.why : `${found.error.code}: ${found.error.message}`;
  return new UserError(
    `Graph at ${config.graphUrl} does not show every ${policyType} with its assignments: ${why}`,
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
function policyCells({ displayName, platform }: TenantPolicy): [InputColumn, string][] {
  const name = displayName === undefined || textFault(displayName) !== undefined ? '' : displayName;
  return [
    ['policyName', name],
    ['platform', platform ?? ''],
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
