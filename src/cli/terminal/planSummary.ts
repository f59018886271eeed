import { approvalInWords } from '../../app/plan/justification.ts';
import type { Plan } from '../../app/plan/plan.ts';
import { count, duration } from '../../app/words.ts';
import type { Printer } from './print.ts';
import { whatStays } from './whatStays.ts';

/** Enough of a fingerprint to tell two plans apart. */
export const shortFingerprint = (fingerprint: string): string => fingerprint.slice(0, 12);

/**
 * What a plan comes to: last, as that is what stands beside the question.
 * @param withStrategies also what the other way to write would take, where there is room
 */
export function planSummary(
  plan: Plan,
  { bold }: Printer,
  { withStrategies }: { readonly withStrategies: boolean },
): readonly string[] {
  return [
    ...(plan.approvalFor.length > 0
      ? [`${approvalInWords(plan.approvalFor)}: apply, submit and rollback need --justification "…".`]
      : []),
    ...(withStrategies ? strategyLine(plan) : []),
    ...(plan.doubt === null
      ? []
      : [`${bold(plan.doubt)} Another one needs --tenant or its sign-in; \`retarget doctor\` names it.`]),
    ...(plan.tenantRead && plan.writes > 0 ? [whatStays(plan)] : []),
    `${rowCounts(plan).join(', ')}.`,
    ...(plan.tenantRead || plan.writes === 0 ? [] : [plan.offline ? OFFLINE : BLIND]),
    `Plan ${shortFingerprint(plan.fingerprint)}`,
  ];
}

const OFFLINE = 'Nothing was read (--offline): the read before each write decides.';
const BLIND = 'Nothing was read (--blind): nothing is skipped, and there is no undo.';

function rowCounts(plan: Plan): readonly string[] {
  const { writes, requests } = plan;
  const n = (rows: number, what: string): string[] =>
    rows > 0 ? [`${rows.toLocaleString('en-US')} ${what}`] : [];
  const counts = [
    ...(writes > 0
      ? [`${count(writes, 'row')} to write (${[count(requests, 'write'), ...times(plan)].join(', ')})`]
      : []),
    ...n(plan.alreadySo, 'already so'),
    ...n(plan.gone, 'gone'),
    ...n(plan.policySet, 'of a policy set'),
    ...n(plan.conflict, 'in conflict'),
    ...n(plan.unreadable, 'unreadable'),
    ...n(plan.duplicates, 'repeated'),
    ...n(plan.leftOut, 'left out'),
  ];
  return counts.length > 0 ? counts : ['Nothing to write'];
}

const times = ({ secondsAtLeast, secondsAbout }: Plan): string[] => {
  const [least, about] = [Math.floor(secondsAtLeast), Math.round(secondsAbout)];
  if (Math.max(least, about) === 0) return ['at once'];
  return [
    ...(least > 0 ? [`at least ${duration(least)}`] : []),
    ...(about > least ? [`about ${duration(about)}`] : []),
  ];
};

/** What whoever chooses the other strategy would save, or lose. */
function strategyLine({ strategy, strategies: { patch, assign } }: Plan): readonly string[] {
  if (patch === undefined || assign === undefined || patch.requests === assign.requests) return [];
  const took = [patch, assign].map((cost) => Math.max(cost.secondsAtLeast, cost.secondsAbout));
  const said = took.map((seconds) => (seconds < 1 ? 'at once' : `about ${duration(seconds)}`));
  const other = strategy === 'patch' ? 'assign' : 'patch';
  return [
    `${count(patch.requests, 'write')} by PATCH, ${assign.requests.toLocaleString('en-US')} by assign: ${said.join(' or ')} (the other one: --strategy ${other}).`,
  ];
}
