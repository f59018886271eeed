/** Numbers in [0, 1). */
export type Random = () => number;

/** The same seed gives the same numbers for ever. The generator is mulberry32 (Tommy Ettinger, public domain). */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** The items in another order (Fisher–Yates); two or more never keep theirs, or the fault would not be one. */
export function shuffled<T>(items: readonly T[], random: Random): T[] {
  const order = items.map((item, position) => ({ item, position }));
  for (let last = order.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    // eslint-disable-next-line typescript/no-non-null-assertion -- both are places of the list
    [order[last], order[other]] = [order[other]!, order[last]!];
  }
  if (order.every(({ position }, index) => position === index)) order.reverse();
  return order.map(({ item }) => item);
}

/** A GUID of version 4. */
export function randomGuid(random: Random): string {
  let hex = '';
  while (hex.length < 32) {
    hex += Math.floor(random() * 0x1_0000_0000)
      .toString(16)
      .padStart(8, '0');
  }
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `a${hex.slice(17, 20)}`,
    hex.slice(20),
  ].join('-');
}
