import { timeInZone } from './schedule/localTime.ts';

/** Why a run is not at work, as a code that programs decide by. */
export const REASONS = [
  /** There is no token, or Graph refuses it: the run goes on by itself when the sign-in works. */
  'signIn',
  /** Graph refuses every write with 403, after others went through: it goes on by itself when writes are allowed. */
  'permission',
  /** Graph refuses every read with 403, after others went through: it goes on by itself when a read is allowed. */
  'reads',
  /** Graph refused a whole envelope for what it is. */
  'refused',
  /** The tenant does not take this kind of write. */
  'route',
  /** A list that was written whole was read back without something that was sent. */
  'lostEntries',
  /** Every reply to a batch was a 403, and nothing went through before it since the run began or was let go on. */
  'forbidden',
  /** More rows failed than the failure budget allows. */
  'failures',
  /** The canary is written, and somebody has to say yes. */
  'canary',
  /** It has waited for too long, and somebody has to look at it again. */
  'age',
  /** A person paused or cancelled it. */
  'operator',
  /** The process that worked on it was told to end. */
  'interrupted',
  /** Its workers have not been heard of for a while: it is in line again. */
  'noWorker',
  /** Queued: it begins at a time that has not come. */
  'time',
  /** Queued: it works within windows, and none is open. It goes on by itself. */
  'window',
  /** Queued: a run that is urgent goes first. It goes on by itself. */
  'urgent',
  /** Queued: a second person has to say yes to its plan. */
  'approval',
  /** Its deadline has passed: it goes on by `resume`, when it has another one. */
  'deadline',
  /** Its time to be taken back has come before its end. */
  'revert',
] as const;
export type Reason = (typeof REASONS)[number];

export const isReason = (text: string | null | undefined): text is Reason =>
  REASONS.some((reason) => reason === text);

/** A run that stands still for one of these goes on by itself. */
export const SIGN_IN_REASONS = ['signIn', 'permission', 'reads'] as const satisfies readonly Reason[];

/** What a run in line waits for that passes by itself. */
export const PASSING_REASONS = ['time', 'window', 'urgent'] as const satisfies readonly Reason[];

/** What a script knows of why it stopped a run, as `reasonInWords` takes it. */
export interface ReasonFacts {
  /** `canary`: rows that were let through. */
  readonly rows?: number;
  /** `age`: how old the run was. */
  readonly hours?: number;
  /** It is planned anew before anything else. */
  readonly isAnew?: boolean;
  /** `failures`: rows that failed with one code after the other. */
  readonly inARow?: number;
  readonly code?: string;
  /** `failures`: rows that failed, of those written where `max` is a share, against the budget as the run has it. */
  readonly failed?: number;
  readonly written?: number;
  readonly max?: string;
  /** `time`, `window`: when it may be at work again, ms since the epoch; left out: nobody knows. `deadline`: when that was. */
  readonly at?: number;
  /** `urgent`: the run that goes first. `approval`: the run itself. */
  readonly run?: string;
  /** `approval`: who made the run, and the fingerprint of its plan; left out: it has none. */
  readonly by?: string;
  readonly fingerprint?: string;
}

/**
 * The sentence of a reason that came about in a script; of the others it stands in the record.
 * @param timeZone the run's, in which times are told
 */
export function reasonInWords(reason: Reason, facts: ReasonFacts, timeZone: string | null = null): string {
  switch (reason) {
    case 'canary':
      return `canary: the first ${facts.rows} rows are written`;
    case 'age':
      return facts.isAnew
        ? `due, and its plan is ${facts.hours} h old: it is planned anew, and begins when that comes to the same`
        : `it is ${facts.hours} h old: look whether it still is what you want`;
    case 'forbidden':
      return 'Graph refused every row of a batch with 403, and none has gone through since the run began or was last let go on: the sign-in may not write here; `retarget doctor` tells which permission it needs';
    case 'noWorker':
      return 'its workers were not heard of for a minute: it goes on with the next one';
    case 'time':
      return `it begins at ${timeOf(facts, timeZone)}`;
    case 'window':
      return facts.at === undefined
        ? 'it is outside its windows'
        : `it is outside its windows; the next one opens at ${timeOf(facts, timeZone)}`;
    case 'urgent':
      return `run ${facts.run} is urgent and goes first; this one goes on by itself afterwards`;
    case 'approval':
      return approvalInWords(facts);
    case 'deadline':
      return `its deadline was ${timeOf(facts, timeZone)}`;
    case 'revert':
      return 'its time to be taken back has come';
    case 'failures':
      return failuresInWords(facts);
    case 'signIn':
    case 'permission':
    case 'reads':
    case 'refused':
    case 'route':
    case 'lostEntries':
    case 'operator':
    case 'interrupted':
      return '';
  }
}

const timeOf = ({ at }: ReasonFacts, timeZone: string | null): string =>
  at === undefined ? 'a time that is not known' : timeInZone(at, timeZone);

/** Of a fingerprint, what people compare: two plans that agree in so many can't be made. */
export const FINGERPRINT_CHARS = 32;

const approvalInWords = ({ run, by, fingerprint }: ReasonFacts): string =>
  fingerprint === undefined
    ? 'it has no plan that anybody could approve: cancel it, and submit its file with a plan'
    : `somebody else than ${by} has to approve its plan ${fingerprint.slice(0, FINGERPRINT_CHARS)}: \`retarget approve ${run} --fingerprint ${fingerprint.slice(0, FINGERPRINT_CHARS)} --reason …\``;

function failuresInWords({ inARow, code, failed, written, max }: ReasonFacts): string {
  if (inARow !== undefined) return `${inARow} rows in a row failed with ${code}`;
  return written === undefined
    ? `${failed} rows failed, more than ${max}`
    : `${failed} of ${written} written rows failed, more than ${max}`;
}
