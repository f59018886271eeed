import type { Permits } from './limiterModel.ts';

/**
 * Stretches of a window in which the server counted more writes than the budget was when the last of their leaves was given.
 * All of the others still counted then, so this holds while the budget moves, too.
 */
export function overBudget({ given, policy }: Permits): string[] {
  return [...windows(given, policy.windowMs)]
    .filter(({ n, last }) => n > Math.floor(last.budget))
    .map(({ n, last }) => `${n} writes in a window, on a budget of ${last.budget}`);
}

/** For each arrival, the window that ends with it: how many writes came in it, and the leave among them that was given last. */
function* windows(
  given: Permits['given'],
  windowMs: number,
): Generator<{ n: number; last: Permits['given'][number] }> {
  const arrivals = given.toSorted((a, b) => a.arrival - b.arrival);
  let first = 0;
  for (const [i, { arrival }] of arrivals.entries()) {
    // A window is open at one end: what came exactly a window ago is out of it.
    while ((arrivals[first]?.arrival ?? arrival) <= arrival - windowMs) first += 1;
    const inside = arrivals.slice(first, i + 1);
    const last = inside.toSorted((a, b) => given.indexOf(b) - given.indexOf(a))[0];
    if (last) yield { n: inside.reduce((sum, { n }) => sum + n, 0), last };
  }
}

/** Cuts that were not the first after their hold. */
export function cutsWithoutBackoff({ events }: Permits): string[] {
  let holds = 0;
  return events.filter((event) => {
    // After a jump of the clock the backoff that it had seemed to end stands again.
    if (event.startsWith('backoff') || event.startsWith('full')) holds += 1;
    if (!/^(cut|halved) /.test(event)) return false;
    const isSecond = holds === 0;
    holds = 0;
    return isSecond;
  });
}
