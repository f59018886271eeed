import { expect, test } from 'vitest';
import { reasonInWords } from '../../../src/runs/reason.ts';

// A run that was let go on has had batches before, which may have gone through.
test('a run that was refused everything does not claim that this was its first batch', () => {
  expect(reasonInWords('forbidden', {})).not.toContain('first batch');
  expect(reasonInWords('forbidden', {})).toContain('since the run began or was last let go on');
});
