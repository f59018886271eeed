import type { PlanProgress } from '../../events.ts';
import { backoffInWords } from '../../app/limiterInWords.ts';
import { count, duration } from '../../app/words.ts';
import { barLine } from './barLine.ts';
import type { Printer } from './print.ts';

/** Between two lines where no bar can be drawn. */
const LINE_EVERY_MS = 5_000;

/**
 * Shows how far the reads of a plan are: on a terminal a bar that goes when they are done, elsewhere a line now and then, of reads that
 * take long.
 */
export function showPlanProgress(print: Printer): (progress: PlanProgress) => void {
  let saidAt: number | undefined;
  return (progress) => {
    const columns = print.footColumns();
    if (columns !== undefined) {
      const { read, of, isLast } = progress;
      print.foot(barLine(of === 0 ? 1 : read / of, factsOf(progress), columns));
      if (isLast) print.takeFoot();
      return;
    }
    const now = performance.now();
    saidAt ??= now;
    if (progress.isLast) saidAt = undefined;
    else if (now - saidAt >= LINE_EVERY_MS) {
      saidAt = now;
      print.say(`${factsOf(progress)}.`);
    }
  };
}

function factsOf({ read, of, backoff }: PlanProgress): string {
  const waits =
    backoff === null
      ? ''
      : ` (${backoffInWords(backoff.reason)}, waits ${duration((backoff.untilMs - Date.now()) / 1000)})`;
  return `Read ${read.toLocaleString('en-US')} of ${count(of, 'row')}${waits}`;
}
