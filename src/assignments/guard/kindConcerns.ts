import { targetInWords, turnOfIntent } from '../changes/changeKind.ts';
import type { CurrentAssignment } from '../changes/current.ts';
import { audienceKey } from '../targets/audience.ts';
import { isExclusion, targetIn } from '../targets/currentTarget.ts';
import type { JsonObject } from '../values/json.ts';
import type { Finding } from './finding.ts';

/** An entry of a list before and after a write. */
interface WrittenEntry {
  readonly before: CurrentAssignment | undefined;
  /** As a whole. */
  readonly after: JsonObject;
}

export const isUninstall = ({ intent }: JsonObject): boolean =>
  typeof intent === 'string' && intent.toLowerCase() === 'uninstall';

/** What a write makes an entry mean, beside its target. What turns to removal is told as that alone. */
export function meaningConcerns(written: WrittenEntry): Finding[] {
  const uninstall = uninstallConcerns(written);
  return [...(uninstall.length > 0 ? uninstall : intentConcerns(written)), ...remediationConcerns(written)];
}

/** Removal that comes to somebody: by a new assignment, another target, or a turned intent. */
function uninstallConcerns({ before, after }: WrittenEntry): Finding[] {
  const target = targetIn(after);
  if (!isUninstall(after) || isExclusion(target)) return [];
  const wasSo =
    before !== undefined && isUninstall(before.whole) && audienceKey(before.target) === audienceKey(target);
  return wasSo ? [] : [{ kind: 'uninstall', what: `${targetInWords(target)} has it uninstalled.` }];
}

function intentConcerns({ before, after }: WrittenEntry): Finding[] {
  const turn = turnOfIntent(before, after);
  const who = targetInWords(targetIn(after));
  return turn ? [{ kind: 'intent-turned', what: `${who}: ${turn.from} → ${turn.to}.` }] : [];
}

/** An exclusion runs nothing. */
function remediationConcerns({ before, after }: WrittenEntry): Finding[] {
  const target = targetIn(after);
  const isOn = after['runRemediationScript'] === true && !isExclusion(target);
  return isOn && before?.whole['runRemediationScript'] !== true
    ? [{ kind: 'remediation-on', what: `${targetInWords(target)}: the remediation script is to run.` }]
    : [];
}
