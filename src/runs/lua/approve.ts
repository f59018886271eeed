import type { ApprovalRule, KnownPerson } from '../approval.ts';
import type { Keys } from '../keys.ts';
import type { Scripts } from './scripts.ts';

/** Somebody's yes to the plan that was seen. */
export interface Yes {
  /** The whole of it. */
  readonly fingerprint: string;
  readonly by: KnownPerson;
  /** Without secrets. */
  readonly reason: string;
}

export type YesAnswer =
  | { readonly kind: 'done' | 'already' | 'ended'; readonly state: string }
  | { readonly kind: 'otherPlan'; readonly fingerprint: string }
  | { readonly kind: 'unknownSubmitter' | 'samePerson' };

export async function keepYes(
  scripts: Scripts,
  keys: Keys,
  runId: string,
  { fingerprint, by, reason }: Yes,
): Promise<YesAnswer> {
  const [word, more = ''] = await scripts.run('approve', [keys.run(runId).header], {
    ...{ runId, fingerprint, reason },
    ...{ oid: by.oid.toLowerCase(), name: by.name },
  });
  const kind = String(word);
  switch (kind) {
    case 'done':
    case 'already':
    case 'ended':
      return { kind, state: String(more) };
    case 'otherPlan':
      return { kind, fingerprint: String(more) };
    case 'samePerson':
      return { kind };
    default:
      return { kind: 'unknownSubmitter' };
  }
}

/** How long the second person has who asks for what makes the rule less strict. */
const LOWERING_MS = 24 * 3_600_000;

/** `asked`: it makes the rule less strict, and a second person has to ask for the same within a day. */
export type RuleAnswer = 'set' | 'asked' | 'same';

export async function keepApprovalRule(
  scripts: Scripts,
  keys: Keys,
  { isRequired, isRollbackFree }: ApprovalRule,
  by: KnownPerson,
  reason: string,
): Promise<RuleAnswer> {
  const [word] = await scripts.run('approvalRule', [keys.limiter], {
    ...{ isRequired, isRollbackFree, reason, lastsMs: LOWERING_MS },
    ...{ oid: by.oid.toLowerCase(), name: by.name },
  });
  const kind = String(word);
  return kind === 'set' || kind === 'asked' ? kind : 'same';
}
