import { expect, test } from 'vitest';
import { answerCanary, canaryResult } from '../../../../src/app/runs/canary.ts';
import type { Move } from '../../../../src/runs/lua/transition.ts';
import { fakeServices, runThatIs } from '../../../support/fakeServices.ts';

const THROUGH = runThatIs('paused', {
  ...{ reason: 'canary', moves: 4, left: 90, total: 100 },
  ...{ succeeded: 3, skipped: 1, failed: 1, stale: 2, awaitingApproval: 1, unsure: 2 },
});

test('a canary has shown what came through, what did not as far as anybody knows, and what waits for a yes', () => {
  expect(canaryResult(THROUGH)).toEqual({ succeeded: 3, notAsDesired: 6, left: 90 });
});

test('of a run that rests for another reason, or does not rest, no canary has shown anything', () => {
  expect(canaryResult(runThatIs('paused', { reason: 'operator' }))).toBeUndefined();
  expect(canaryResult(runThatIs('running'))).toBeUndefined();
  expect(canaryResult(runThatIs('aborted', { reason: 'canary' }))).toBeUndefined();
});

const answered = async (goesOn: boolean) => {
  const moves: Move[] = [];
  const services = fakeServices({
    runs: {
      async transition(_, move) {
        moves.push(move);
        return { kind: 'done', from: 'paused' };
      },
    },
  });
  await answerCanary(THROUGH, goesOn, { succeeded: 3, notAsDesired: 6, left: 90 }, services);
  return { services, moves };
};

test('a yes lets the run go on as it was seen, and is kept with what was seen', async () => {
  const { services, moves } = await answered(true);
  expect(moves).toEqual([{ to: 'queued', from: ['paused'], ifMoves: 4 }]);
  expect(services.done).toEqual(['runs.tell', 'runs.transition', 'producer.topUp']);
  expect(services.told).toMatchObject([
    { action: 'canary', details: { goesOn: true, succeeded: 3, notAsDesired: 6 } },
  ]);
});

test('a no is kept, and moves nothing', async () => {
  const { services } = await answered(false);
  expect(services.done).toEqual(['runs.tell']);
  expect(services.told).toMatchObject([{ action: 'canary', details: { goesOn: false } }]);
});
