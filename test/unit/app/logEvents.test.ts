import { expect, test } from 'vitest';
import { logEvents } from '../../../src/app/logEvents.ts';
import { createEvents, type Events } from '../../../src/events.ts';
import { createLog } from '../../../src/log.ts';

/** The lines of a log, without their times. */
function logged(tell: (events: Events) => void): string[] {
  const lines: string[] = [];
  const events = createEvents();
  logEvents(
    events,
    createLog((line) => void lines.push(line.replace(/^\S+ /, ''))),
  );
  tell(events);
  return lines;
}

test.each<[string, (events: Events) => void, string]>([
  [
    'a run that a worker has paused',
    (on) =>
      on.emit('runState', { runId: 'r1', state: 'paused', reason: 'signIn', reasonText: 'sign-in: no.' }),
    'error Run paused. sign-in: no. (run: r1)',
  ],
  [
    'one that it has aborted',
    (on) => on.emit('runState', { runId: 'r1', state: 'aborted', reason: 'route', reasonText: 'no PATCH' }),
    'error Run aborted: no PATCH (run: r1)',
  ],
  [
    'one that goes on',
    (on) => on.emit('runState', { runId: 'r1', state: 'queued', reason: null, reasonText: 'It goes on.' }),
    'info  It goes on. (run: r1)',
  ],
  [
    'a Graph that is away',
    (on) => on.emit('graphReach', { isReached: false, message: 'Refused.', remedy: 'Check it.' }),
    'warn  Graph is out of reach: Refused. Check it. Trying again until it is there.',
  ],
  ['and there again', (on) => on.emit('graphReach', { isReached: true }), 'info  Graph is there again.'],
  [
    'a backoff',
    (on) => on.emit('limiter', { kind: 'backoff', family: 'deviceConfiguration', waitMs: 12_600 }),
    'info  Throttled: nothing is sent for 12.6 s.',
  ],
  [
    'one of another family',
    (on) => on.emit('limiter', { kind: 'cut', family: 'devices', from: 200, to: 120 }),
    'info  Budget for scripts cut from 200 to 120 writes a window: that is what the tenant took.',
  ],
])('%s is one line', (_, tell, line) => {
  expect(logged(tell)).toEqual([line]);
});
