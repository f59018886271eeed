import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { createPrinter } from '../../../../src/cli/terminal/print.ts';
import { summary } from '../../../../src/cli/terminal/runSummary.ts';
import type { Reason } from '../../../../src/runs/reason.ts';
import type { Run } from '../../../../src/runs/run.ts';
import { runOf } from '../../../support/rows.ts';

const IDENTITY = { hint: (words: string) => `retarget ${words}` };

/** What is said in the end of an aborted run of which nine rows were written. */
const saidOf = (reason: Reason, reasonText: string): { exitCode: number; text: string } =>
  saidOfRun(
    runOf(
      {},
      { ...{ state: 'aborted', reason, reasonText }, ...{ total: 20, left: 10, succeeded: 9, failed: 1 } },
    ),
  );

function saidOfRun(run: Run): { exitCode: number; text: string } {
  let text = '';
  const stream = Object.assign(
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        text += chunk.toString();
        done();
      },
    }),
    { isTTY: false, columns: 80 },
  );
  const print = createPrinter(stream, stream, {});
  const context = { print, interrupted: new AbortController().signal };
  return { exitCode: summary(run, { identity: IDENTITY }, context), text };
}

test('an aborted run tells how the rest goes on', () => {
  const { exitCode, text } = saidOf('failures', '1 rows failed, more than 0');
  expect(exitCode).toBe(3);
  expect(text).toContain('1 rows failed, more than 0');
  expect(text).toContain('The rest:     retarget resume r1 --work');
  expect(text).toContain('Other limit:');
});

test('but not one whose route is refused, whatever its sentence says: that says how', () => {
  const { text } = saidOf('route', 'go on with --strategy assign');
  expect(text).toContain('go on with --strategy assign');
  expect(text).not.toContain('The rest:');
  expect(text).not.toContain('Other limit:');
});

test('a run of a file of which rows were left out says so in the end too, as it ends with 1 for them', () => {
  const { exitCode, text } = saidOfRun(runOf({}, { state: 'completed', total: 9, succeeded: 9, leftOut: 2 }));
  expect(exitCode).toBe(1);
  expect(text).toContain('Not among them: 2 rows that --skip-invalid left out of the run.');
});
