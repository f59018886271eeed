import { pack } from 'msgpackr';
import { expect, test } from 'vitest';
import { sampleOf } from '../../../src/runs/samples.ts';

// Redis packs a time in ms into eight bytes, which are read as a BigInt.
test('the time of a sample is a number, as all that is counted in it', () => {
  const at = Date.UTC(2026, 10, 28, 3, 40);
  const sample = sampleOf(
    pack([BigInt(at), 5_000, 97, 84, BigInt(2 ** 33), 70, 14, 9, 'deviceConfiguration']),
  );
  expect(sample).toEqual({
    ...{
      at,
      workedMs: 5_000,
      ended: 97,
      written: 84,
      heldMs: 2 ** 33,
      budget: 70,
      charged: 14,
      throttled: 9,
    },
    family: 'deviceConfiguration',
  });
});
