import { proofInWords } from '../prove/proofInWords.ts';
import { count, duration } from '../words.ts';
import { isProven, type FailedAlike, type Leg, type Rehearsal } from './rehearsal.ts';

const number = (n: number): string => n.toLocaleString('en-US');

/** What a rehearsal comes to, in a sentence. */
export function verdictOf(rehearsal: Rehearsal): string {
  if (isProven(rehearsal)) return 'The run does what its plan says, and its undo brings everything back.';
  if (rehearsal.isUndoProven)
    return 'The run does not do all that its plan says; its undo brings everything back.';
  return rehearsal.isRunProven
    ? 'The run does what its plan says; its undo does NOT bring everything back.'
    : 'Neither the run nor its undo is proven.';
}

/** A fact of a rehearsal: what it is about, what is so, and what else is to be said. */
export interface RehearsalFact {
  readonly about: string;
  readonly fact: string;
  readonly more: string;
}

/** The facts in the order in which they are told, for pages as for terminals. */
export function rehearsalFacts(rehearsal: Rehearsal): readonly RehearsalFact[] {
  const { run, undo, killed, cost, speed, twin, plan, proof, undoProof, different } = rehearsal;
  const { write, refused, nothing } = plan.decisions;
  const { writtenAgain } = rehearsal;
  const tenantSeconds = Math.max(cost.about, cost.atLeast);
  const twice =
    writtenAgain === 0
      ? 'Nothing was written twice.'
      : `${count(writtenAgain, 'write was', 'writes were')} done once more, to the same end.`;
  return [
    {
      about: 'Stand-in',
      fact: `${count(twin.policies, 'policy', 'policies')} with ${count(twin.assignments, 'assignment')}`,
      more:
        twin.unlike === 0
          ? 'Each list reads as the plan has read it.'
          : `${count(twin.unlike, 'list reads', 'lists read')} otherwise than the plan has read them: their rows may end as stale here, and not in the tenant.`,
    },
    {
      about: 'Plan',
      fact: `${count(write, 'row')} to write`,
      more:
        [
          `Written by ${plan.header.strategy}`,
          ...(nothing > 0 ? [`${number(nothing)} already so`] : []),
          ...(refused > 0 ? [`${number(refused)} refused by the plan, which stay as they are`] : []),
        ].join('; ') + '.',
    },
    {
      about: 'Time in the tenant',
      fact: tenantSeconds === 0 ? 'at once' : `about ${duration(tenantSeconds)}`,
      more: `${count(cost.requests, 'write counts', 'writes count')} against the limit${tenantSeconds === 0 ? ', which has room for all' : `: ${duration(cost.atLeast)} at the very least`}. What others of the tenant write meanwhile comes on top.`,
    },
    {
      about: 'Time here',
      fact: duration(run.seconds),
      more: `Windows were ${number(speed)} times shorter.${killed?.untilNextSeconds === undefined ? '' : ` ${duration(killed.untilNextSeconds)} of it passed until another worker went on; that is no shorter than in the tenant.`}`,
    },
    {
      about: 'Worker killed',
      fact: killed === undefined ? 'no' : `after ${number(killed.ended)} of ${count(run.run.total, 'row')}`,
      more:
        killed === undefined
          ? 'The run had ended before there was anything to kill.'
          : `With SIGKILL, and ${count(killed.inFlight, 'write')} on the way: the next worker looked at ${killed.inFlight === 1 ? 'it' : 'them'} first. ${twice}`,
    },
    { about: 'Rows', fact: rowsInWords(run), more: throttledInWords(run) },
    {
      about: 'Proof of the run',
      fact: proofInWords(proof),
      more: PROOF_MORE[provenAs(rehearsal.isRunProven)],
    },
    {
      about: 'Undo',
      fact:
        undo === undefined
          ? 'nothing was to be taken back'
          : `${rowsInWords(undo)}, in ${duration(undo.seconds)}`,
      more: undo === undefined ? '' : throttledInWords(undo),
    },
    {
      about: 'Proof of the undo',
      fact: proofInWords(undoProof),
      more:
        different === 0
          ? 'The stand-in equals its start, entry by entry.'
          : `${count(different, 'policy differs', 'policies differ')} from the start.`,
    },
  ];
}

const provenAs = (isIt: boolean): 'proven' | 'unproven' => (isIt ? 'proven' : 'unproven');
const PROOF_MORE = {
  proven: 'Nothing is otherwise than planned.',
  unproven: 'Something is otherwise than planned, or the run did not come to its end.',
} as const;

function rowsInWords({ run: { counts, total } }: Leg): string {
  const { succeeded, skipped, failed, stale, awaitingApproval, unsure, cancelled } = counts;
  const parts = Object.entries({ succeeded, skipped, failed, stale, awaitingApproval, unsure, cancelled })
    .filter(([, rows]) => rows > 0)
    .map(([status, rows]) => `${number(rows)} ${status}`);
  return parts.length === 0 ? count(total, 'row') : parts.join(', ');
}

const throttledInWords = ({ run: { throttled } }: Leg): string =>
  throttled === 0 ? 'No 429.' : `${count(throttled, 'row')} told to wait by 429s.`;

export const failureInWords = ({ status, code, message, rows, lines }: FailedAlike): string =>
  `${count(rows, 'row')} ${status}: ${code} ${message} (line ${lines.join(', ')}${rows > lines.length ? ', …' : ''})`;
