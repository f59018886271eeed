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
   * A sentence for each kind of policy that the tenant does not show whole: of such a kind there is nothing, as a part would look
   * like the whole.
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
  const notShown: string[] = [];
  for (const [kind, found] of await policyListsOf(base, services).believedPolicies(kinds, send)) {
    expectKindAnswered(found, identity);
    if (found.kind !== 'policies') notShown.push(whyNotShown(kind, found, identity));
    else
      for (const policy of found.policies)
        policies.push({ ...policy, displayName: sayable(policy.displayName) });
  }
  if (notShown.length === kinds.length) throw nothingShown(notShown, identity);
  return { policies, notShown };
}

/** A name that no file can hold, as one with control characters, stays blank: it is there to be read by people. */
export const sayable = (name: string | undefined): string =>
  name === undefined || textFault(name) !== undefined ? '' : name;

/** A sentence. */
export function whyNotShown(
  { policyType, permissions }: PolicyKind,
  found: Exclude<TenantPolicies, { kind: 'policies' }>,
  { config }: Identity,
): string {
  const why = 'why' in found ? found.why : `${found.error.code}: ${found.error.message}`;
  const isForbidden = found.kind === 'refused' && found.status === 403;
  const lacks = isForbidden
    ? ` (it takes ${permissions.read}, an Intune role that sees them, and a licence for what they are about)`
    : '';
  return `Graph at ${config.graphUrl} does not show every ${policyType} with its assignments: ${why}${lacks}`;
}

export const nothingShown = (notShown: readonly string[], { hint }: Identity): UserError =>
  new UserError(notShown.join('\n'), {
    remedy: `Run \`${hint('doctor')}\`: it tells what is wrong. Then start again; nothing was written.`,
    exitCode: EXIT.environment,
  });
