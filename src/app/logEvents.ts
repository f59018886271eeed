import type { Events, GraphReach, RunStateChange } from '../events.ts';
import type { Log } from '../log.ts';
import { limiterInWords } from './limiterInWords.ts';

/** Has the log say what workers of this process tell. */
export function logEvents(events: Events, log: Log): void {
  events.on('runState', (change) => logRunState(change, log));
  events.on('limiter', (change) => log.info(limiterInWords(change)));
  events.on('graphReach', (reach) => logReach(reach, log));
}

function logRunState({ runId: run, state, reason, reasonText }: RunStateChange, log: Log): void {
  switch (state) {
    case 'paused':
      log.error(`Run paused. ${reasonText}`, { run, reason });
      break;
    case 'aborted':
      log.error(`Run aborted: ${reasonText}`, { run, reason });
      break;
    case 'queued':
      log.info(reasonText, { run });
  }
}

function logReach(reach: GraphReach, log: Log): void {
  if (reach.isReached) log.info('Graph is there again.');
  else log.warn(`Graph is out of reach: ${reach.message} ${reach.remedy} Trying again until it is there.`);
}
