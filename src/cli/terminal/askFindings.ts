import { isNeverAllowed } from '../../assignments/guard/allow.ts';
import { isGrave } from '../../assignments/guard/finding.ts';
import type { Plan } from '../../app/plan/plan.ts';
import type { Context } from '../context.ts';
import { answerTo, canAsk } from './ask.ts';
import { causeLines, detailLines, foundKinds, type FoundKind } from './causeLines.ts';

/** Whether somebody is there who can let through what the guard stops. */
export const canBeAsked = (
  { blocked, differences }: Pick<Plan, 'blocked' | 'differences'>,
  { yes }: { readonly yes?: boolean },
  context: Context,
): boolean =>
  !yes &&
  canAsk(context) &&
  blocked.length > 0 &&
  differences.length === 0 &&
  !blocked.some(({ kind }) => isNeverAllowed(kind));

/**
 * Asks of each kind that the guard stops whether it is meant, the most dangerous first; of a grave one somebody has to type how often
 * it was found. Answers what was let through, as `--allow` has it; undefined: something is not meant.
 */
export async function askFindings(plan: Plan, context: Context): Promise<readonly string[] | undefined> {
  const allowed: string[] = [];
  for (const kind of foundKinds(plan)) {
    if (kind.blocked === undefined) continue;
    // Whoever is to answer reads whole sentences.
    for (const line of causeLines(kind, plan.names, undefined)) context.print.say(line);
    if (!(await isMeant(kind, plan, context))) return undefined;
    allowed.push(`${kind.kind}=${kind.found}`);
  }
  return allowed;
}

async function isMeant(kind: FoundKind, { names }: Plan, context: Context): Promise<boolean> {
  const isTyped = isGrave(kind.kind) && kind.found > 0;
  const ways = [
    isTyped ? `Type ${kind.found} to go on` : '[y]es',
    ...(kind.causes.length > 0 ? [isTyped ? 's to show them' : '[s]how them'] : []),
    'Enter to stop',
  ];
  const question = `  Is that meant? ${ways.join(', ')}: `;
  for (;;) {
    const answer = (await answerTo(question, context)).toLowerCase();
    if (!['s', 'show'].includes(answer))
      return isTyped ? answer === String(kind.found) : ['y', 'yes'].includes(answer);
    for (const line of detailLines(kind, names)) context.print.say(line);
  }
}
