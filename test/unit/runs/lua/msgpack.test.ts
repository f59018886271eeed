import fc from 'fast-check';
import { unpack } from 'msgpackr';
import { expect, test } from 'vitest';
import { packForScript, type Packable } from '../../../../src/runs/lua/msgpack.ts';

const { value } = fc.letrec<{ value: Packable }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constant(null),
    fc.boolean(),
    fc.string({ maxLength: 80, unit: 'grapheme' }),
    fc.oneof(fc.integer(), fc.nat({ max: 300 }), fc.constant(1_800_000_000_123), fc.constant(0.97)),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(fc.stringMatching(/^[a-z]{1,40}$/), tie('value'), { maxKeys: 5, noNullPrototype: true }),
  ),
}));

test('whatever a script is told, it is MessagePack that any reader reads', () => {
  fc.assert(
    fc.property(value, (each) => {
      expect(unpack(packForScript(each))).toEqual(each);
    }),
  );
});

test('bytes are raw text and no binary type, of every length: the scripts know no other', () => {
  expect([...packForScript(Buffer.of(255, 0))]).toEqual([0xa2, 255, 0]);
  expect([...packForScript(Buffer.alloc(40, 200)).subarray(0, 6)]).toEqual([0xdb, 0, 0, 0, 40, 200]);
});
