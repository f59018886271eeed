import type { PolicyKind } from '../assignments/kinds/registry.ts';
import type { RulePolicy } from '../assignments/rules/rule.ts';
import { EXIT, UserError } from '../errors.ts';
import { textFault } from '../formats/cells.ts';
import type { SendReads } from '../graph/reads/reading.ts';
import type { TenantPolicies } from '../graph/reads/tenantPolicies.ts';
import type { Identity } from './identity.ts';
import { expectKindAnswered } from './plan/unreadable.ts';
import { policyListsOf } from './policyListsOf.ts';
import type { Services } from './services.ts';

/** What the tenant shows of its policies, for files that people read. */
export interface ShownPolicies {
  readonly policies: readonly RulePolicy[];
  /**
   * A sentence for the kinds of policy that the tenant does not show whole, for one reason each: of such a kind there is nothing, as a part
   * would look like the whole.
   */
  readonly notShown: readonly string[];
}

/**
 * Reads all policies of these kinds with their assignments.
 * @throws UserError (exit 4) when Graph gives no answer, or shows not one of these kinds.
 */
export async function shownPolicies(
  kinds: readonly PolicyKind[],
  send: SendReads,
  base: string,
  services: Services,
): Promise<ShownPolicies> {
  const { identity } = services;
  const policies: RulePolicy[] = [];
  const missing: { readonly kind: PolicyKind; readonly found: NotShown }[] = [];
  for (const [kind, found] of await policyListsOf(base, services).believedPolicies(kinds, send)) {
    expectKindAnswered(found, identity);
    if (found.kind !== 'policies') missing.push({ kind, found });
    else
      for (const policy of found.policies)
        policies.push({ ...policy, displayName: sayable(policy.displayName) });
  }
  const alike = Map.groupBy(missing, ({ found }) =>
    'error' in found ? `${found.kind} ${found.error.code}` : found.why,
  );
  const notShown = [...alike.values()].flatMap(([first, ...others]) =>
    first === undefined
      ? []
      : [whyNotShown([first.kind, ...others.map(({ kind }) => kind)], first.found, identity)],
  );
  if (missing.length === kinds.length) throw nothingShown(notShown, identity);
  return { policies, notShown };
}

type NotShown = Exclude<TenantPolicies, { kind: 'policies' }>;

/** A name that no file can hold, as one with control characters, stays blank: it is there to be read by people. */
export const sayable = (name: string | undefined): string =>
  name === undefined || textFault(name) !== undefined ? '' : name;

/** A sentence about kinds for which Graph has answered alike. */
export function whyNotShown(kinds: readonly PolicyKind[], found: NotShown, { config }: Identity): string {
  const why = 'why' in found ? found.why : `${found.error.code}: ${found.error.message}`;
  const isForbidden = found.kind === 'refused' && found.status === 403;
  const reads = [...new Set(kinds.map(({ permissions }) => permissions.read))];
  const lacks = isForbidden
    ? ` (it takes ${reads.join(', ')}, an Intune role that sees them, and a licence for what they are about)`
    : '';
  const types = kinds.map(({ policyType }) => policyType).join(', ');
  return `Graph at ${config.graphUrl} does not show every ${types} with its assignments: ${why}${lacks}`;
}

export const nothingShown = (notShown: readonly string[], { hint }: Identity): UserError =>
  new UserError(notShown.join('\n'), {
    remedy: `Run \`${hint('doctor')}\`: it tells what is wrong. Then start again; nothing was written.`,
    exitCode: EXIT.environment,
  });
