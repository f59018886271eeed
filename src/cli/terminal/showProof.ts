import { laterRunsInWords, limitsOfProof, policiesIn, proofInWords } from '../../app/prove/proofInWords.ts';
import { proofLines, type ProofLine } from '../../app/prove/proofRows.ts';
import type { PolicyProof, Proof } from '../../app/prove/prove.ts';
import { isCalledOff } from '../../app/runs/rollbacks.ts';
import { count } from '../../app/words.ts';
import { PROOFS, type ProofKind } from '../../assignments/proof/proofItem.ts';
import { quoted } from '../../assignments/values/quoted.ts';
import { visible } from '../../assignments/values/visible.ts';
import type { Printer } from './print.ts';
import { cutInMiddle } from './width.ts';

/** Assignments that are shown one by one; a file has all of them. */
const LINES_SHOWN = 100;
/** Policies that are named in one sentence. */
const NAMED_MAX = 5;
const CELL_COLUMNS_MAX = 60;

/** What is said of each sort in the table. */
export const PROOF_WORDS = {
  planned: 'as planned',
  others: 'by others',
  untouched: 'untouched',
  failed: 'not as planned',
  unknown: 'not known',
} as const satisfies Record<ProofKind, string>;

/** Shows the proof of a run: the assignments that are asked for, or those that are not as planned, then what it comes to. */
export function showProof(proof: Proof, wanted: ReadonlySet<ProofKind> | undefined, print: Printer): void {
  const lines = [...proofLines(proof, wanted ?? new Set(['failed', 'others']))];
  if (lines.length > 0) showLines(lines, print);
  if (lines.length > LINES_SHOWN)
    print.say(
      `The first ${LINES_SHOWN} of ${count(lines.length, 'assignment')}; -o proof.csv writes all of them.`,
    );
  sayProof(proof, print);
}

/** What a proof comes to, as talk. */
export function sayProof(proof: Proof, print: Printer): void {
  const say = (line: string): void => print.say(visible(line));
  const { run } = proof;
  const rollbacks = proof.rollbacks.filter((each) => !isCalledOff(each)).map(({ runId }) => runId);
  const since = rollbacks.length === 0 ? '' : `, taken back by ${rollbacks.join(', ')}`;
  say(`Run ${run.runId}${since}: ${proofInWords(proof)}.`);
  const later = laterRunsInWords(proof);
  if (later !== undefined) say(later);
  say(`Before: ${knownFrom(proof)}. Now: the tenant at ${proof.readAt.slice(0, 19).replace('T', ' ')} UTC.`);
  for (const state of ['deleted', 'new'] as const) {
    const policies = policiesIn(proof, state);
    if (policies.length > 0)
      say(`${count(policies.length, 'policy', 'policies')} ${SINCE[state]}: ${namesOf(policies)}.`);
  }
  for (const line of limitsOfProof(proof)) say(line);
}

const SINCE = { deleted: 'deleted since', new: 'made since' } as const;

const knownFrom = ({ snapshot }: Proof): string =>
  snapshot === undefined
    ? 'what the plan of the run saw'
    : `${snapshot.name} (${snapshot.createdAt.slice(0, 19).replace('T', ' ')} UTC)`;

function namesOf(policies: readonly PolicyProof[]): string {
  const named = policies
    .slice(0, NAMED_MAX)
    .map(
      ({ name, id, kind }) =>
        `${kind.label.one} ${name === undefined || name === '' ? id : `${quoted(name)} (${id})`}`,
    );
  return policies.length > NAMED_MAX ? `${named.join(', ')}, …` : named.join(', ');
}

function showLines(lines: readonly ProofLine[], print: Printer): void {
  const cell = (value: unknown): string => (value === undefined || value === null ? '' : String(value));
  const pair = print.talkColumns() === undefined ? (...both: [string, string]) => both : beforeAndNow;
  print.table(
    ['PROOF', 'LINE', 'POLICY', 'BEFORE', 'NOW', 'ROW'],
    lines
      .slice(0, LINES_SHOWN)
      .map(({ proof, row, policyName, policyId, was, is, status, errorCode, laterRun }) => [
        ...[
          PROOF_WORDS[proof as ProofKind],
          cell(row),
          cutInMiddle(cell(policyName ?? policyId), CELL_COLUMNS_MAX),
        ],
        ...pair(cell(was), cell(is)).map((words) => cutInMiddle(words, CELL_COLUMNS_MAX)),
        [cell(status), cell(errorCode), laterRun === undefined ? '' : `then ${cell(laterRun)}`]
          .filter((word) => word !== '')
          .join(' '),
      ]),
  );
}

/** Both for a column that is narrow: what they have alike at their end says nothing, and groups go by their names. A file has all of it. */
export function beforeAndNow(was: string, is: string): readonly [string, string] {
  const intent = INTENT.exec(was)?.[0];
  const isAlike = intent !== undefined && intent === INTENT.exec(is)?.[0];
  const short = (words: string): string =>
    (isAlike ? words.slice(0, -intent.length) : words).replace(NAMED_GROUP, '$1');
  return [short(was), short(is)];
}

const INTENT = /, intent \w+$/;
const NAMED_GROUP = /^group "((?:[^"\\]|\\.)*)" \([\da-f]{4}…\)/;

/** The proof for scripts, with whole ids and assignments as Graph shows them. */
export function proofJson(proof: Proof, wanted: ReadonlySet<ProofKind>): object {
  const { run, rollbacks, snapshot, readAt, counts, isAsPlanned, notRead } = proof;
  const policies = (state: PolicyProof['state']): object[] =>
    policiesIn(proof, state).map(({ kind, id, name }) => ({
      ...{ policyType: kind.policyType, policyId: id, policyName: name },
    }));
  return {
    ...{ runId: run.runId, tenant: run.tenant, rollbacks: rollbacks.map(({ runId }) => runId) },
    ...{ knownFrom: proof.knownFrom, snapshot, readAt, isAsPlanned, counts, inWords: proofInWords(proof) },
    policies: { deleted: policies('deleted'), new: policies('new'), notRead: policies('notRead') },
    neverInPlan: policiesIn(proof, 'notKnown').length,
    notRead,
    assignments: [...proofLines(proof, wanted)],
  };
}

/** Those that a script gets unless it asks for others: what was left alone is told by its count. */
export const TOLD_BY_DEFAULT: ReadonlySet<ProofKind> = new Set(PROOFS.filter((each) => each !== 'untouched'));
