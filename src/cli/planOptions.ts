import type { Command } from 'commander';
import { parseAllow, type Allowed } from '../assignments/guard/allow.ts';
import type { ChangeLimits } from '../assignments/guard/maxChanges.ts';
import { EXIT, UserError } from '../errors.ts';
import { DEFAULT_OPTIONS, HOUR_MS, type RunOptions } from '../runs/run.ts';
import { STRATEGIES, type Strategy } from '../assignments/kinds/kind.ts';

/** The flags of the guard. */
export interface GuardFlags {
  readonly allow?: readonly string[];
  readonly maxChanges?: string;
  readonly maxChangesPercent?: string;
}

/** The flags that say how a run goes about its work. */
export interface RunFlags {
  readonly verify?: boolean;
  readonly maxFailures?: string;
  readonly maxAge?: string;
  readonly canary?: string;
  readonly reason?: string;
  readonly justification?: string;
}

export const guardOptions = (command: Command): Command =>
  command
    .option(
      '--allow <finding=count>',
      'let so many findings of a kind through, as the plan shows them; may be repeated',
      gathered,
    )
    .option(
      '--max-changes <rows>',
      'rows to be written of one policy type that need no --allow, or off',
      '500',
    )
    .option(
      '--max-changes-percent <percent>',
      "the same as a share of the tenant's assignments of that type, or off",
      '25',
    );

export const runOptions = (command: Command): Command =>
  command
    .option('--verify', 'read every written row back')
    .option(
      '--max-failures <n|n%>',
      'stop the run when more rows than this fail (a share counts from 100 written rows on), or off',
      DEFAULT_OPTIONS.maxFailures,
    )
    .option('--max-age <hours>', 'a plan or queued run that is older waits for `retarget resume`', '24')
    .option('--canary <rows>', 'write so many rows first, read them back, then wait for a yes')
    .option('--reason <text>', 'why, for `retarget log`; as in "CHG-1234"')
    .option(...JUSTIFICATION);

const gathered = (text: string, before: readonly string[] = []): readonly string[] => [...before, text];

/** What the flags allow. @throws UserError (exit 2) for what can't be read. */
export function allowedBy({ allow = [] }: GuardFlags): Allowed {
  const allowed = parseAllow(allow);
  if (!('message' in allowed)) return allowed;
  throw new UserError(allowed.message, { remedy: allowed.remedy, exitCode: EXIT.badInput });
}

/** @throws UserError (exit 2) for what can't be read. */
export const changeLimits = ({ maxChanges = '500', maxChangesPercent = '25' }: GuardFlags): ChangeLimits => ({
  maxChanges: numberOrOff('--max-changes', maxChanges, 0, 10_000_000),
  maxPercent: numberOrOff('--max-changes-percent', maxChangesPercent.replace(/%$/, ''), 0, 100),
});

/** @throws UserError (exit 2) for what can't be read. */
export const optionsOfRun = (flags: RunFlags): RunOptions => ({
  ...DEFAULT_OPTIONS,
  verify: flags.verify === true,
  maxFailures: maxFailuresFrom(flags.maxFailures ?? DEFAULT_OPTIONS.maxFailures),
  maxAgeMs: numberIn('--max-age', flags.maxAge ?? '24', 0.1, 100_000) * HOUR_MS,
  canary: flags.canary === undefined ? null : wholeNumber('--canary', flags.canary, 1, 1_000_000),
  purpose: flags.reason?.trim() || null,
  justification: justificationFrom(flags.justification),
});

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

/** How a run writes. @throws UserError (exit 2) for what can't be read. */
export function strategyFrom(text: string | undefined): Strategy | undefined {
  const strategy = STRATEGIES.find((each) => each === text?.trim().toLowerCase());
  if (text === undefined || strategy !== undefined) return strategy;
  throw new UserError(`"${text}" is no strategy.`, {
    remedy: `Write --strategy with one of: ${STRATEGIES.join(', ')}.`,
    exitCode: EXIT.badInput,
  });
}

/** `off`, a whole number of rows, or a share as `5%`. @throws UserError (exit 2) for anything else. */
export function maxFailuresFrom(text: string): string {
  const written = text.trim().toLowerCase();
  if (written === 'off' || /^\d{1,9}$/.test(written)) return written;
  const percent = /^(\d{1,3}(?:\.\d+)?)\s*%$/.exec(written)?.[1];
  if (percent !== undefined && Number(percent) <= 100) return `${percent}%`;
  throw new UserError(`--max-failures is "${text}".`, {
    remedy: 'Write a number of rows as 20, a share of them as 5%, or off.',
    exitCode: EXIT.badInput,
  });
}

export function wholeNumber(flag: string, text: string, least: number, most: number): number {
  const value = numberIn(flag, text, least, most);
  if (Number.isInteger(value)) return value;
  throw notInRange(flag, text, least, most);
}

function numberIn(flag: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (/^\d+(\.\d+)?$/.test(text.trim()) && value >= least && value <= most) return value;
  throw notInRange(flag, text, least, most);
}

const numberOrOff = (flag: string, text: string, least: number, most: number): number | 'off' =>
  text.trim().toLowerCase() === 'off' ? 'off' : numberIn(flag, text, least, most);

const notInRange = (flag: string, text: string, least: number, most: number): UserError =>
  new UserError(`${flag} is "${text}".`, {
    remedy: `Write a number from ${least} to ${most.toLocaleString('en-US')}.`,
    exitCode: EXIT.badInput,
  });
