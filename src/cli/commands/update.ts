import { channelsOfRun } from '../../app/notify/channels.ts';
import { updateRun, type RunSettings } from '../../app/runs/runControl.ts';
import { expectSameClock } from '../../app/schedule/expectSameClock.ts';
import { EXIT, UserError } from '../../errors.ts';
import type { Run, RunOptions } from '../../runs/run.ts';
import { timeInZone } from '../../runs/schedule/localTime.ts';
import type { Schedule } from '../../runs/schedule/schedule.ts';
import type { CliCommand } from '../context.ts';
import { controlled, controlOptions, type ControlFlags } from '../controlFlags.ts';
import { failureBudget, numberIn } from '../flags.ts';
import { notifyOption } from '../planFlags.ts';
import { revertOf, revertOptions } from '../revertFlags.ts';
import { scheduleOf, scheduleOptions } from '../scheduleFlags.ts';
import { UNSCHEDULED } from '../../app/schedule/scheduleFrom.ts';
import { saysRevert, type RevertTexts, type RevertTime } from '../../app/schedule/revertFrom.ts';
import type { ScheduleTexts } from '../../app/schedule/scheduleFrom.ts';
import { tellFitOfRun } from '../terminal/tellSchedule.ts';

interface UpdateFlags extends ControlFlags, ScheduleTexts, RevertTexts {
  readonly notify?: readonly string[];
  readonly maxFailures?: string;
  readonly writesPerWindow?: number | 'off';
}

export const update: CliCommand<UpdateFlags> = {
  options: (command) =>
    void revertOptions(scheduleOptions(controlOptions(command)))
      .option('--no-revert', 'nothing takes it back by itself any more')
      .addOption(notifyOption())
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
      const settings = {
        ...settingsFrom(flags, run),
        ...(flags.notify && { channels: channelsOfRun(flags.notify, services) }),
      };
      await updateRun(run, settings, flags, services);
      const { revert, channels, ...others } = settings;
      if (revert !== undefined) context.print.say(`Run ${run.runId}: ${revertSaid(revert)}`);
      if (channels !== undefined)
        context.print.say(`Run ${run.runId}: ${channels.notify.join(', ') || 'nobody'} is told of it.`);
      if (Object.keys(others).length === 0) return;
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
  if (saysRevert(flags) || flags.notify !== undefined || settings.some((given) => given !== undefined))
    return;
  throw new UserError('What is to be changed is not said.', {
    remedy:
      'Give --max-failures, --writes-per-window, --start-at, --window, --time-zone, --deadline, --revert-at, --revert-after, --no-revert or --notify, one or several.',
    exitCode: EXIT.badInput,
  });
}

/** @throws UserError (exit 2) for times that can't be read, or have passed */
function settingsFrom(flags: UpdateFlags, { options: before, startedAt }: Run): RunSettings {
  const { maxFailures, writesPerWindow } = flags;
  // A zone that comes with a time to be taken back only is that time's.
  const times = saysRevert(flags) ? TIMES.filter((name) => name !== 'timeZone') : TIMES;
  const schedule = times.some((name) => flags[name] !== undefined) ? scheduleOf(flags, before) : undefined;
  const { timeZone } = schedule ?? zoneIn(flags, before);
  // What has begun counts from now.
  const begins = startedAt === null ? (schedule ?? before) : UNSCHEDULED;
  const revert = revertOf(flags, { ...begins, timeZone });
  return {
    ...(maxFailures !== undefined && { maxFailures }),
    ...(writesPerWindow !== undefined && {
      writesPerWindow: writesPerWindow === 'off' ? null : writesPerWindow,
    }),
    ...(schedule && { schedule }),
    ...(revert && { revert }),
  };
}

const zoneIn = ({ timeZone }: UpdateFlags, before: RunOptions): Pick<RunOptions, 'timeZone'> =>
  timeZone === undefined ? before : scheduleOf({ timeZone }, before);

const revertSaid = ({ revertAt, timeZone }: RevertTime): string =>
  revertAt === null
    ? 'nothing takes it back by itself.'
    : `it is taken back at ${timeInZone(revertAt, timeZone)} by whichever worker is there then.`;

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

function startInWords(
  { startAt, windows }: Schedule,
  startedAt: number | null,
  time: (at: number) => string,
): string {
  const verb = startedAt === null ? 'begins' : 'goes on';
  if (windows.length === 0) return `${verb} at ${startAt === null ? 'once' : time(startAt)}`;
  return `${verb} within its windows${startAt === null ? '' : ` from ${time(startAt)} on`}`;
}

const windowsInWords = ({ windows, timeZone }: Schedule): string =>
  windows.length === 0 ? 'at any time' : `within ${windows.join(', ')} (${timeZone})`;
