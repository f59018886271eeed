import { updateRun, type RunSettings } from '../../app/runs/runControl.ts';
import { expectSameClock } from '../../app/schedule/expectSameClock.ts';
import { EXIT, UserError } from '../../errors.ts';
import type { Run } from '../../runs/run.ts';
import { timeInZone } from '../../runs/schedule/localTime.ts';
import type { Schedule } from '../../runs/schedule/schedule.ts';
import type { CliCommand } from '../context.ts';
import { controlled, controlOptions, type ControlFlags } from '../controlFlags.ts';
import { failureBudget, numberIn } from '../flags.ts';
import { scheduleOf, scheduleOptions } from '../scheduleFlags.ts';
import type { ScheduleTexts } from '../../app/schedule/scheduleFrom.ts';
import { tellFitOfRun } from '../terminal/tellSchedule.ts';

interface UpdateFlags extends ControlFlags, ScheduleTexts {
  readonly maxFailures?: string;
  readonly writesPerWindow?: number | 'off';
}

export const update: CliCommand<UpdateFlags> = {
  options: (command) =>
    void scheduleOptions(controlOptions(command))
      .addOption(failureBudget('stop the run when more rows than this fail, or off'))
      .addOption(
        numberIn('--writes-per-window <n>', 'at most so many writes a window for this run, or off', {
          least: 1,
          most: 1_000_000,
          orOff: true,
        }),
      )
      .addHelpText('after', '\n--start-at now, --window off and --deadline off take back what was set.'),
  async run([name], flags, context) {
    expectSomething(flags);
    return controlled(name, flags, context, async (run, services) => {
      await expectSameClock(flags, services);
      const settings = settingsFrom(flags, run.options);
      await updateRun(run, settings, flags, services);
      const isPaused = run.state === 'paused' || run.state === 'aborted';
      const from = isPaused
        ? `once it goes on with \`${services.identity.hint(`resume ${run.runId}`)}\``
        : 'from its next batch on';
      context.print.say(`Run ${run.runId}: ${inWords(settings, flags, run).join(', ')}, ${from}.`);
      await tellFitOfRun(run.runId, services, context.print);
    });
  },
};

const TIMES = ['startAt', 'window', 'timeZone', 'deadline'] as const;

/** @throws UserError (exit 2) when nothing is to be changed. */
function expectSomething(flags: UpdateFlags): void {
  const settings = [flags.maxFailures, flags.writesPerWindow, ...TIMES.map((name) => flags[name])];
  if (settings.some((given) => given !== undefined)) return;
  throw new UserError('What is to be changed is not said.', {
    remedy:
      'Give --max-failures, --writes-per-window, --start-at, --window, --time-zone or --deadline, one or several.',
    exitCode: EXIT.badInput,
  });
}

/** @throws UserError (exit 2) for times that can't be read, or have passed */
function settingsFrom(flags: UpdateFlags, before: Schedule): RunSettings {
  const { maxFailures, writesPerWindow } = flags;
  return {
    ...(maxFailures !== undefined && { maxFailures }),
    ...(writesPerWindow !== undefined && {
      writesPerWindow: writesPerWindow === 'off' ? null : writesPerWindow,
    }),
    ...(TIMES.some((name) => flags[name] !== undefined) && { schedule: scheduleOf(flags, before) }),
  };
}

/** What was given, and no more: of the rest nothing has changed. */
function inWords(
  { maxFailures, writesPerWindow, schedule }: RunSettings,
  { startAt, window, timeZone, deadline }: ScheduleTexts,
  { startedAt }: Pick<Run, 'startedAt'>,
): string[] {
  const time = (at: number): string => timeInZone(at, schedule?.timeZone ?? null);
  return [
    ...(maxFailures === undefined ? [] : [`max failures ${maxFailures}`]),
    ...(writesPerWindow === undefined ? [] : [`writes a window ${writesPerWindow ?? 'off'}`]),
    ...(schedule === undefined || startAt === undefined ? [] : [startInWords(schedule, startedAt, time)]),
    ...(schedule === undefined || (window ?? timeZone) === undefined ? [] : [windowsInWords(schedule)]),
    ...(schedule === undefined || deadline === undefined
      ? []
      : [schedule.deadlineAt === null ? 'no deadline' : `deadline ${time(schedule.deadlineAt)}`]),
  ];
}

function startInWords({ startAt }: Schedule, startedAt: number | null, time: (at: number) => string): string {
  const verb = startedAt === null ? 'begins' : 'goes on';
  return `${verb} at ${startAt === null ? 'once' : time(startAt)}`;
}

const windowsInWords = ({ windows, timeZone }: Schedule): string =>
  windows.length === 0 ? 'at any time' : `within ${windows.join(', ')} (${timeZone})`;
