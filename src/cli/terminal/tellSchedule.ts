import type { Plan } from '../../app/plan/plan.ts';
import { statusOfId } from '../../app/runs/status.ts';
import { fitInWords } from '../../app/schedule/fitInWords.ts';
import type { Services } from '../../app/services.ts';
import { fitOf } from '../../runs/schedule/fit.ts';
import { timeInZone } from '../../runs/schedule/localTime.ts';
import { openFrom, type Schedule } from '../../runs/schedule/schedule.ts';
import type { Printer } from './print.ts';

/** A run as short as this tells nothing of how many writes go in a second. */
const TELLING_SECONDS_MIN = 60;

/** Tells before a run begins when it may, and whether its writes fit into the time that it has. */
export function tellSchedule(
  { requests, secondsAtLeast, secondsAbout }: Pick<Plan, 'requests' | 'secondsAtLeast' | 'secondsAbout'>,
  schedule: Schedule,
  { identity: { pace } }: Pick<Services, 'identity'>,
  print: Printer,
  now: number,
): void {
  const seconds = Math.max(secondsAtLeast, secondsAbout);
  const writesPerSecond =
    seconds >= TELLING_SECONDS_MIN ? requests / seconds : (pace.writesPerWindow * 1000) / pace.windowMs;
  const [next] = openFrom(schedule, now);
  if (next !== undefined && next[0] > now)
    print.say(`It begins at ${timeInZone(next[0], schedule.timeZone)}.`);
  const words = fitInWords(fitOf({ writes: requests, seconds, writesPerSecond }, schedule, now));
  if (words !== undefined) print.say(`${words}.`);
}

/** The same of a run that was made. */
export async function tellFitOfRun(runId: string, services: Services, print: Printer): Promise<void> {
  const fit = (await statusOfId(runId, services))?.schedule?.fit;
  const words = fit ? fitInWords(fit) : undefined;
  if (words !== undefined) print.say(`${words}.`);
}
