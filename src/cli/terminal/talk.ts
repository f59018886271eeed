import { visible } from '../../assignments/values/visible.ts';
import type { PassedOver, StatedAction, TakenFor } from '../../assignments/rows/takenFor.ts';
import type { Events, TracedRequest } from '../../events.ts';
import { count, duration } from '../../app/words.ts';
import type { LeveledLog } from '../../log.ts';
import { showPlanProgress } from './planProgress.ts';
import type { Printer } from './print.ts';
import { showProblems } from './problems.ts';

/** Says what use cases tell; each request only where the settings ask for it. */
export function talkOf(events: Events, print: Printer, log: LeveledLog): void {
  const say = (text: string): void => print.say(visible(text));
  events.on('settings', ({ remarks, isVerbose }) => {
    remarks.forEach(say);
    if (!isVerbose) return;
    log.level = 'debug';
    events.on('request', (request) => log.debug(requestInWords(request)));
    events.on('notReached', (why) => log.debug(`Graph was not reached: ${why}`));
  });
  events.on('signInPrompt', say);
  events.on('graphAway', say);
  events.on('problems', (found) => showProblems(found, print));
  events.on('takenFor', (name, as) => takenForInWords(name, as).forEach(say));
  events.on('statedRows', (rows, action) =>
    say(`${count(rows, 'row')} without an action: ${DONE_WITH_ROWS[action]}`),
  );
  events.on('nothingAsked', (rows) =>
    say(`Passed over: ${count(rows, 'row')} with the action none, which asks for nothing.`),
  );
  events.on('leftOut', (rows, policies) =>
    say(`Left out: ${count(rows, 'row')} of ${count(policies, 'policy', 'policies')} with problems.`),
  );
  events.on('foldedName', (written, found) => say(`"${written}" is taken for "${found}".`));
  events.on('foreignPlan', (name) =>
    say(`${name} was sealed elsewhere, or not at all: it is planned anew, and must come to the same.`),
  );
  events.on('foreignSnapshot', (name) =>
    say(
      `${name} was sealed elsewhere (by another Redis): its checksum holds, but nobody can tell whether somebody has edited it.`,
    ),
  );
  events.on('sample', (rows, of) => say(`A sample of ${rows} of ${count(of, 'row')} to be written:`));
  events.on('planProgress', showPlanProgress(print));
  events.on('lateWrites', (policies, waitMs) =>
    say(
      `A write whose reply was lost may still land on ${count(policies, 'policy', 'policies')}: waiting up to ${duration(Math.ceil(waitMs / 1000))} for that before anything is put back.`,
    ),
  );
  events.on('runNamed', (name, runId, fileName) => say(`${name} is ${runId} (${fileName})`));
  events.on('discarded', () => say('Nothing was queued.'));
}

/** What a file was taken for, and what is done with what it says. */
function takenForInWords(name: string, { is, action, passedOver }: TakenFor): string[] {
  const first = `${name} is ${is}${action === undefined ? '.' : `: ${DONE_WITH[action]}`}`;
  const more = [...passedOver].map(([because, rows]) => `  ${PASSED_OVER[because](rows)}`);
  return [first, ...more];
}

const DONE_WITH_ROWS: Readonly<Record<StatedAction, string>> = {
  add: 'what they say is added where it is not there; --action set or remove does otherwise.',
  set: 'what they say gets the filter and intent that stand there; nothing is added.',
  remove: 'what they say is removed.',
};

const DONE_WITH: Readonly<Record<NonNullable<TakenFor['action']>, string>> = {
  add: 'what it lists is added where it is not there; --action set or remove does otherwise.',
  set: 'what it lists gets the filter and intent that stand there; nothing is added.',
  setById:
    'each assignment gets the target that stands there, by its id; --action add adds those that are gone.',
  remove: 'what it lists is removed.',
};

const PASSED_OVER: Readonly<Record<PassedOver, (rows: number) => string>> = {
  unassigned: (rows) => `Passed over: ${count(rows, 'policy', 'policies')} assigned to nobody.`,
  repeated: (rows) => `Passed over: ${count(rows, 'row')} with an assignment that an earlier one has.`,
  ofPolicySet: (rows) => `Passed over: ${count(rows, 'assignment')} of policy sets, which are left to them.`,
};

/** `GET /deviceManagement/… 200 in 84 ms (request-id …, client-request-id …)` */
const requestInWords = ({
  method,
  path,
  status,
  lost,
  requestId,
  clientRequestId,
  tookMs,
}: TracedRequest): string =>
  `${method} ${path} ${status ?? lost ?? ''} in ${tookMs} ms (${requestId === undefined ? '' : `request-id ${requestId}, `}client-request-id ${clientRequestId})`;
