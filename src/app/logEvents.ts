import { familyFacts, MAIN_FAMILY } from '../assignments/kinds/family.ts';
import type { Events, GraphReach, LimiterChange, RunStateChange } from '../events.ts';
import type { Log } from '../log.ts';

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

/** A change of the limiter as the log says it. */
export function limiterInWords(change: LimiterChange): string {
  // Most tenants have one family at work; the others are named.
  const where = change.family === MAIN_FAMILY ? '' : ` for ${familyFacts(change.family).label}`;
  switch (change.kind) {
    case 'cut':
      return `Budget${where} cut from ${change.from} to ${change.to} writes a window: that is what the tenant took.`;
    case 'halved':
      return `Budget${where} cut from ${change.from} to ${change.to} writes a window: the tenant refused some, and what it takes is not known yet.`;
    case 'probe':
      return `Budget${where} tried at ${change.to} writes a window, up from ${change.from}.`;
    case 'full':
      return `Redis has restarted or its clock has jumped: nothing is sent${where} for ${seconds(change.waitMs)}, as nobody knows what still counts.`;
    case 'backoff':
      return `Throttled: nothing is sent${where} for ${seconds(change.waitMs)}.`;
  }
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
