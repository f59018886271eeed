import { asRow, type AsRow } from '../assignments/rows/asRow.ts';
import { INPUT_COLUMNS, type InputColumn } from '../assignments/rows/columns.ts';
import {
  kindNamed,
  kindOf,
  kindsIn,
  POLICY_TYPES,
  type PolicyKind,
  type PolicyType,
} from '../assignments/kinds/registry.ts';
import type { SharedFlags } from '../config.ts';
import { EXIT, UserError } from '../errors.ts';
import { textFault } from '../formats/cells.ts';
import { writeRows } from '../formats/writeRows.ts';
import { tenantPolicies, type TenantPolicies, type TenantPolicy } from '../graph/tenantPolicies.ts';
import { commandReads } from './commandReads.ts';
import type { CliCommand, Context } from './context.ts';
import { oneNamed } from './flags.ts';
import { identify, sharedOptions, signIn, type Identity } from './identity.ts';
import { graphClientOf } from './livePlan.ts';
import { outputFormat, outputOptions, writeOutput, type OutputFlags } from './output.ts';
import { count } from './print.ts';
import { expectColumns, selectorFrom, whereOption } from './selection.ts';
import { openSession, type Session } from './session.ts';
import { expectRead } from './unread.ts';

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
    const { policies, notShown } = await readTenant(kinds, session, context);
    const found = rowsOf(policies, session.identity).filter(({ cells }) =>
      selector.matches((column) => cells.get(column as InputColumn)),
    );
    const rows = found.filter(({ kind }) => kind === 'row').map(({ cells }) => cells);
    const records = rows.map((cells) => Object.fromEntries(cells));
    await writeOutput(writeRows(format, columnsOf(rows), records), flags.output, context);
    if (flags.output !== undefined) tellWritten(rows, flags.output, context);
    tellLeftOut(found, context);
    for (const why of notShown) context.print.say(`Not exported: ${why}`);
    if (notShown.length === 0) return EXIT.done;
    context.print.say(
      `Run \`${session.identity.hint('doctor')}\`: it tells what is wrong. Then export again.`,
    );
    return EXIT.someRowsFailed;
  },
};

const typeNamed = (name: string): PolicyType | undefined => kindNamed(name)?.policyType;

interface Shown {
  readonly policies: readonly TenantPolicy[];
  /** A sentence for each kind of policy that the tenant does not show whole: of such a kind there is nothing, as a part would
   *  look like the whole. */
  readonly notShown: readonly string[];
}

/** @throws UserError (exit 4) when Graph gives no answer, or shows not one of these kinds. */
async function readTenant(kinds: readonly PolicyKind[], session: Session, context: Context): Promise<Shown> {
  const { identity } = session;
  const graph = graphClientOf(identity);
  try {
    const send = commandReads(session, graph, context);
    const { graphUrl, apiVersion } = identity.config;
    const policies: TenantPolicy[] = [];
    const notShown: string[] = [];
    for (const [kind, found] of await tenantPolicies(kinds, send, `${graphUrl}/${apiVersion}`)) {
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
