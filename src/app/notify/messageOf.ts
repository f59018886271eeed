import { basename } from 'node:path';
import type { Message } from '../../notify/message.ts';
import {
  FINGERPRINT_CHARS,
  isReason,
  reasonInWords,
  SIGN_IN_REASONS,
  type Reason,
} from '../../runs/reason.ts';
import { timeInZone } from '../../runs/schedule/localTime.ts';
import type { EventData, RunEvent } from '../../runs/runEvent.ts';
import type { RowStatus } from '../../runs/rowState.ts';
import type { Identity } from '../identity.ts';
import { exitCodeOf } from '../runs/exitCode.ts';
import { sumsInWords } from '../runs/sumsInWords.ts';
import { count, duration } from '../words.ts';

/**
 * Whatever Graph or a row has said stays in the record: it may be about anything. Names, numbers and what a person typed are told.
 * @param hint as of Identity: commands that can be pasted where this worker is
 */
export function messageOf(event: RunEvent, { tenant, hint }: Pick<Identity, 'tenant' | 'hint'>): Message {
  const { id, at, type, run = null, data } = event;
  const why = whyInWords(data);
  const exitCode = type === 'ended' ? { exitCode: endedWith(data) } : {};
  // Where it lies on somebody's disk is no matter of others.
  const file = data.file === undefined ? undefined : basename(data.file);
  const { state, reason, operator, total, rows, failed, written, share, since, leftOut } = data;
  return {
    ...{ id, at, type, tenant, run },
    title: titleOf(event, why, file),
    facts: [
      ['Tenant', tenant],
      ...facts([
        ['File', file],
        ['By', operator],
        ['Rows', rows && `${sumsInWords(rows) || 'none'} of ${total}`],
        ['Left out', leftOut ? count(leftOut, 'row') : undefined],
        ['Why', type === 'ended' || type === 'test' ? why : undefined],
        ['Exit code', 'exitCode' in exitCode ? String(exitCode.exitCode) : undefined],
      ]),
      ['At', new Date(at).toISOString()],
    ],
    commands: commandsOf(event, run ?? '').map(([what, words]) => [what, hint(words)]),
    data: {
      ...{ by: data.by, taken: data.taken, left: data.left, runs: data.runs },
      ...{ state, reason, reasonText: why, file, operator, total, rows, failed, written, share, leftOut },
      ...(since !== undefined && { since: new Date(since).toISOString() }),
      ...exitCode,
    },
  };
}

const facts = (
  all: readonly (readonly [name: string, value: string | undefined])[],
): (readonly [string, string])[] =>
  all.flatMap(([name, value]) => (value === undefined || value === '' ? [] : [[name, value] as const]));

function titleOf(
  { type, run, at, data }: RunEvent,
  why: string | undefined,
  file: string | undefined,
): string {
  const because = why === undefined ? '' : `: ${why}`;
  const { rows = {}, total = 0, startedAt } = data;
  const left = `${(rows.pending ?? 0).toLocaleString('en-US')} of ${count(total, 'row')} left`;
  switch (type) {
    case 'begun':
      return `Run ${run} has begun: ${count(total, 'row')} of ${file}.`;
    case 'waitsForYes':
      return `Run ${run} waits for a yes${because}.`;
    case 'paused':
      return `Run ${run} is paused${because}.`;
    case 'stalled':
      return `Run ${run} stands still${because}; ${left}.`;
    case 'windowClosed':
      return `The window of run ${run} has closed with ${left}${because}.`;
    case 'failures':
      return `Run ${run}: ${data.failed} of ${data.written} written rows failed, more than ${data.share} %.`;
    case 'ended': {
      const took = startedAt === undefined ? '' : ` in ${duration((at - startedAt) / 1000)}`;
      return `Run ${run} ${data.state}${took}: ${sumsInWords(rows) || 'no rows'}.`;
    }
    case 'takenBack':
      return data.by === undefined
        ? `The time of run ${run} has come, and nothing of it is there to be taken back${leftInWords(data)}.`
        : `The time of run ${run} has come: run ${data.by} takes it back, ${count(data.taken ?? 0, 'row')}${leftInWords(data)}.`;
    case 'notTakenBack':
      return `Run ${run} could not be taken back at its time, ${timeInZone(data.revertAt ?? at, data.timeZone ?? null)}; it is tried again.`;
    case 'tenantStopped':
      return `The tenant was stopped by ${data.operator}${because}; ${standing(data.runs ?? [])}.`;
    case 'test':
      return `This is a test by ${data.operator}: runs tell this channel.`;
  }
}

/** Runs that one sentence names. */
const NAMED_MAX = 5;

function standing(runs: readonly string[]): string {
  const more = runs.length - NAMED_MAX;
  const names = [...runs.slice(0, NAMED_MAX), ...(more > 0 ? [`${more} more`] : [])];
  return `${count(runs.length, 'run')} ${runs.length === 1 ? 'stands' : 'stand'} still (${names.join(', ')})`;
}

const leftInWords = ({ left = 0 }: EventData): string =>
  left === 0
    ? ''
    : `; ${count(left, 'assignment')} that somebody has changed since, or of which no write is on record, stay as they are`;

/** Why it rests, in words that hold no more than the reason itself. */
function whyInWords({
  reason,
  facts: known = {},
  words,
  since,
  state,
  timeZone,
}: EventData): string | undefined {
  if (words !== undefined && words !== '') return words;
  if (state === 'running' && since !== undefined)
    return `no row has come to its end since ${new Date(since).toISOString()}`;
  if (state === 'queued' && since !== undefined)
    return `nobody works on it since ${new Date(since).toISOString()}, and the workers that are there work on others only`;
  if (!isReason(reason)) return undefined;
  const isBare = Object.keys(known).length === 0;
  return (isBare ? WITHOUT_DETAILS[reason] : undefined) ?? reasonInWords(reason, known, timeZone);
}

const WITHOUT_DETAILS: Readonly<Partial<Record<Reason, string>>> = {
  age: 'its plan is too old, and made anew it comes to something else: look whether it still is what you want',
  signIn: 'the sign-in does not work; it goes on by itself when it does',
  permission: 'Graph refuses every write; it goes on by itself when writes are allowed',
  reads: 'Graph refuses every read; it goes on by itself when reads are allowed',
  refused: 'Graph refused a whole request for what it is',
  route: 'the tenant does not take this kind of write',
  lostEntries: 'a list was read back without something that was written',
  operator: 'somebody has paused it',
  interrupted: 'the process that worked on it was told to end',
};

type Commands = readonly (readonly [what: string, words: string])[];

function commandsOf({ type, data }: RunEvent, run: string): Commands {
  const { reason, rows = {}, state, facts: known } = data;
  const status = ['Look at it', `status ${run}`] as const;
  switch (type) {
    case 'begun':
      return [['Follow it', `watch ${run}`]];
    case 'waitsForYes':
      return [status, reason === 'approval' ? approving(run, known) : ['Go on', `resume ${run}`]];
    case 'paused':
      return reason === 'revert' || SIGN_IN_REASONS.some((each) => each === reason)
        ? [status]
        : [status, ['Go on', `resume ${run}`]];
    case 'stalled':
      return reason === 'noWorker'
        ? [status, ['Start a worker', 'worker']]
        : [status, ['What is wrong', 'doctor']];
    case 'windowClosed':
      return [status];
    case 'failures':
      return [
        ['Failed rows', `results ${run} --only failed,stale,unsure`],
        ['Stop it', `pause ${run}`],
      ];
    case 'ended':
      return [
        ...(undone(rows) > 0 ? [['Failed rows', `results ${run} --only failed,stale,unsure`] as const] : []),
        ...(rows.awaitingApproval ? [['Once approved', `resume ${run}`] as const] : []),
        ...(state === 'aborted' ? [['The rest', `resume ${run}`] as const] : []),
        ['All results', `results ${run} -o results.csv`],
      ];
    case 'takenBack':
      return data.by === undefined
        ? [status]
        : [
            ['Follow it', `watch ${data.by}`],
            ['What it takes back', `results ${data.by}`],
          ];
    case 'notTakenBack':
      return [status, ['What is wrong', 'doctor'], ['Take it back now', `rollback ${run}`]];
    case 'tenantStopped':
      return [
        ['Look at them', 'status'],
        ['Go on', 'resume --all'],
      ];
    case 'test':
      return [];
  }
}

const approving = (run: string, known: EventData['facts']): Commands[number] => [
  'Approve it',
  `approve ${run} --fingerprint ${known?.fingerprint?.slice(0, FINGERPRINT_CHARS) ?? '…'} --reason …`,
];

const undone = ({ failed = 0, stale = 0, unsure = 0 }: NonNullable<EventData['rows']>): number =>
  failed + stale + unsure;

function endedWith({ state = 'completed', rows = {}, leftOut = 0 }: EventData): number {
  const of = (status: RowStatus): number => rows[status] ?? 0;
  const counts = {
    ...{ failed: of('failed'), stale: of('stale') },
    ...{ awaitingApproval: of('awaitingApproval'), unsure: of('unsure') },
  };
  return exitCodeOf({ state, reason: null, leftOut, counts }, false);
}
