import { expect, test } from 'vitest';
import { sampleOf } from '../../../src/runs/samples.ts';

/** As Lua packs it: a number beyond 32 bits in eight bytes. */
const AT = Buffer.from('cf0000019a9b2f8c00', 'hex');

test('the moment of a sample is a number, though a script packs it as one of 64 bits', () => {
  const sample = sampleOf(Buffer.concat([Buffer.of(0x98), AT, Buffer.of(1, 2, 3, 4, 5, 6, 7)]));
  expect(sample).toMatchObject({ at: 0x19a9b2f8c00, workedMs: 1, throttled: 7 });
});
