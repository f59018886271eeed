import type { Command, Option } from 'commander';
import { parseAllow, type Allowed } from '../assignments/guard/allow.ts';
import type { ChangeLimits } from '../assignments/guard/maxChanges.ts';
import { EXIT, UserError } from '../errors.ts';
import { DEFAULT_OPTIONS, HOUR_MS, type RunOptions } from '../runs/run.ts';
import { failureBudget, many, numberIn, reasonOption } from './flags.ts';
import type { RevertTexts } from '../app/schedule/revertFrom.ts';
import { revertOf, revertOptions } from './revertFlags.ts';
import { scheduleOf, scheduleOptions, type ScheduleFlags } from './scheduleFlags.ts';

/** The flags of the guard. */
export interface GuardFlags {
  readonly allow?: readonly string[];
  readonly maxChanges?: number | 'off';
  readonly maxChangesPercent?: number | 'off';
  readonly maxAudience?: number;
  readonly details?: boolean;
}

/** The flags that say how a run goes about its work. */
export interface RunFlags extends ScheduleFlags, Omit<RevertTexts, 'revert'> {
  readonly verify?: boolean;
  readonly maxFailures?: string;
  /** Hours. */
  readonly maxAge?: number;
  readonly canary?: number;
  readonly reason?: string;
  readonly justification?: string;
  readonly notify?: readonly string[];
}

const MAX_CHANGES = 500;
const MAX_CHANGES_PERCENT = 25;
const MAX_AGE_HOURS = DEFAULT_OPTIONS.maxAgeMs / HOUR_MS;

export const guardOptions = (command: Command): Command =>
  command
    .addOption(
      many(
        '--allow <finding=count>',
        'let exactly so many findings of a kind through, as the plan shows them; may be repeated',
      ),
    )
    .addOption(
      numberIn(
        '--max-changes <rows>',
        'rows to be written of one policy type that need no --allow, or off',
        { least: 0, most: 10_000_000, orOff: true },
        MAX_CHANGES,
      ),
    )
    .addOption(
      numberIn(
        '--max-changes-percent <percent>',
        "the same as a share of the tenant's assignments of that type, or off",
        { least: 0, most: 100, fraction: true, percent: true, orOff: true },
        MAX_CHANGES_PERCENT,
      ),
    )
    .addOption(
      numberIn(
        '--max-audience <members>',
        'users and devices of a group that rows bring in or take out, from which on it needs an --allow',
        { least: 0, most: 1_000_000_000 },
      ),
    )
    .option('--details', 'show every row that the guard found something of, not a screen of causes');

export const runOptions = (command: Command): Command =>
  revertOptions(scheduleOptions(command))
    .option('--urgent', 'go before all other runs: the one at work rests, and goes on afterwards')
    .option('--verify', 'read every written row back')
    .addOption(
      failureBudget(
        'stop the run when more rows than this fail (a share counts from 100 written rows on), or off',
        DEFAULT_OPTIONS.maxFailures,
      ),
    )
    .addOption(
      numberIn(
        '--max-age <hours>',
        'a plan that is older when its run is due is made anew, and must come to the same; else `retarget resume` is waited for',
        { least: 0.1, most: 100_000, fraction: true },
        MAX_AGE_HOURS,
      ),
    )
    .addOption(
      numberIn('--canary <rows>', 'write so many rows first, read them back, then wait for a yes', ROWS),
    )
    .addOption(reasonOption())
    .addOption(notifyOption())
    .option(...JUSTIFICATION);

/** Who is told of a run, whatever makes it. */
export const notifyOption = (): Option =>
  many(
    '--notify <channel>',
    'tell this channel of notify.json what becomes of the run, or off; may be repeated',
  );

/** How many rows may be named. */
export const ROWS = { least: 1, most: 1_000_000 } as const;

/** What the flags allow. @throws UserError (exit 2) for what can't be read. */
export function allowedBy({ allow = [] }: GuardFlags): Allowed {
  const allowed = parseAllow(allow);
  if (!('message' in allowed)) return allowed;
  throw new UserError(allowed.message, { remedy: allowed.remedy, exitCode: EXIT.badInput });
}

export const changeLimits = ({
  maxChanges = MAX_CHANGES,
  maxChangesPercent = MAX_CHANGES_PERCENT,
  maxAudience,
}: GuardFlags): ChangeLimits => ({ maxChanges, maxPercent: maxChangesPercent, maxAudience });

/** @throws UserError (exit 2) for a justification that is too long, or times that can't be read. */
export function optionsOfRun(flags: RunFlags): RunOptions {
  const schedule = scheduleOf(flags);
  return {
    ...DEFAULT_OPTIONS,
    verify: flags.verify === true,
    maxFailures: flags.maxFailures ?? DEFAULT_OPTIONS.maxFailures,
    maxAgeMs: (flags.maxAge ?? MAX_AGE_HOURS) * HOUR_MS,
    canary: flags.canary ?? null,
    ...schedule,
    ...revertOf(flags, schedule),
    isUrgent: flags.urgent === true,
    purpose: flags.reason?.trim() || null,
    justification: justificationFrom(flags.justification),
  };
}

/**
 * Longer ones are refused: 1,024 characters, as users of Multi Admin Approval through Graph report, less 64 for what names run
 * and line behind it.
 */
const JUSTIFICATION_CHARS_MAX = 960;

export const JUSTIFICATION: [flags: string, description: string] = [
  '--justification <text>',
  'what the approvers of a tenant with Multi Admin Approval are told',
];

/** @throws UserError (exit 2) for one that is too long. */
export function justificationFrom(text: string | undefined): string | null {
  const justification = text?.trim() || null;
  if (justification === null || justification.length <= JUSTIFICATION_CHARS_MAX) return justification;
  throw new UserError(`--justification has ${justification.length} characters.`, {
    remedy: `Write at most ${JUSTIFICATION_CHARS_MAX}.`,
    exitCode: EXIT.badInput,
  });
}
