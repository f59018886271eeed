import type { Problem } from '../assignments/rows/row.ts';

/**
 * What ends the reading of a file: a byte that is no text, a quote that never closes, broken JSON. It is thrown inside
 * this folder only, because it may come up many calls deep in the middle of a stream; `readRows` makes it a value.
 */
export class BrokenFile extends Error {
  override readonly name = 'BrokenFile';
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.message);
    this.problem = problem;
  }
}
