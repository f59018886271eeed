import { allChargedBy, chargedBy, type Family } from '../../assignments/kinds/family.ts';
import { aboutSeconds, leastSeconds } from '../../worker/limiter/leastTime.ts';
import { paceFor } from '../../worker/limiter/pace.ts';
import type { Services } from '../services.ts';
import type { WriteCost } from './plan.ts';

/** Writes by the family that they are of. */
type Requests = ReadonlyMap<Family, number>;

/** What writes take, as the limiters stand of the families that they are of: those go side by side. */
export async function costs(
  requests: Requests,
  { runs, limiterOn, identity }: Pick<Services, 'runs' | 'limiterOn' | 'identity'>,
): Promise<(requests: Requests) => WriteCost> {
  const limiter = limiterOn(runs);
  const limiters = allChargedBy([...requests.keys()]);
  const flows = await Promise.all(limiters.map((family) => runs.limiterNow(limiter.of(family).policy())));
  return (wanted) => {
    const each = limiters.map((family, i) => {
      const charged = [...wanted].filter(([own]) => chargedBy(own).includes(family));
      const writes = charged.reduce((sum, [, n]) => sum + n, 0);
      const pace = paceFor(family, identity.pace);
      const flow = flows[i] ?? { budget: pace.writesPerWindow, isSpaced: false };
      return { least: leastSeconds(writes, pace), about: aboutSeconds(writes, flow, pace) };
    });
    return {
      requests: [...wanted.values()].reduce((sum, n) => sum + n, 0),
      secondsAtLeast: Math.max(0, ...each.map(({ least }) => least)),
      secondsAbout: Math.max(0, ...each.map(({ about }) => about)),
    };
  };
}
