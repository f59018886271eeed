import { randomInt } from 'node:crypto';
import type { Command } from 'commander';
import type { ReadingRules } from '../assignments/change.ts';
import { EXIT, UserError } from '../errors.ts';
import type { SharedFlags } from '../config.ts';
import { Staging } from '../runs/staging.ts';
import type { Context } from './context.ts';
import { openInput, readIn, withoutPolicies, type InputFile, type Intake } from './intake.ts';
import { count, visible } from './print.ts';
import { identify, openSession, type Identity, type Session } from './session.ts';

export interface FileFlags extends SharedFlags {
  readonly inputFormat?: string;
  readonly skipInvalid?: boolean;
  readonly again?: boolean;
  readonly blind?: boolean;
  readonly keepDays: string;
}

export function fileOptions(command: Command): Command {
  return command
    .option('--input-format <format>', 'csv, json or ndjson; otherwise by extension, else by content')
    .option('--skip-invalid', 'leave out every row of a policy that has a row with a problem')
    .option('--again', 'take a file although a run of it is unfinished')
    .option('--blind', 'write without looking first: nothing is skipped, blank filters are problems, no undo')
    .option('--keep-days <days>', 'how long the run is kept after its end', '30');
}

/** A file that was read and lies in Redis, where nobody works on it yet. */
export interface Staged {
  readonly session: Session;
  readonly staging: Staging;
  readonly intake: Intake;
  readonly rules: ReadingRules;
  /** Rows that `--skip-invalid` left out. */
  readonly leftOut: number;
}

/**
 * Reads a file and stages its rows, then hands them to `use`. Problems of the file come first, also when Redis is away.
 * What `use` did not publish is forgotten.
 * @throws UserError (exit 2) for a file with problems: they are shown, nothing is left in Redis.
 */
export async function withStagedFile<T>(
  path: string,
  flags: FileFlags,
  context: Context,
  use: (staged: Staged) => Promise<T>,
): Promise<T> {
  const identity = await identify(flags, context);
  const keepDays = wholeDays(flags.keepDays);
  const rules: ReadingRules = {
    root: identity.config.graphUrl,
    apiVersion: identity.config.apiVersion,
    blind: flags.blind === true,
  };
  const file = await openInput(path, flags.inputFormat, context);
  await using session = await sessionOrProblems(identity, file, rules, flags, context);
  const begin = (): Promise<Staging> =>
    Staging.begin(session.runs, runIdentity(identity, file, rules, keepDays, context), Date.now());
  let staging = await begin();
  let isPublished = false;
  try {
    const first = staging;
    const intake = await readIn(file, rules, (row) => first.add(row));
    await first.flush();
    let leftOut = 0;
    if (intake.problemTotal > 0) {
      showProblems(intake, context);
      if (!flags.skipInvalid || intake.isBroken) throw refused(intake, flags.skipInvalid === true);
      staging = await begin();
      for await (const row of withoutPolicies(first.rowsByBatch(), intake.badPolicies, rules))
        await staging.add(row);
      await staging.flush();
      await first.discard();
      leftOut = intake.rows - staging.rows;
      context.print.say(
        `Left out: ${count(leftOut, 'row')} of ${count(intake.badPolicies.size, 'policy', 'policies')} with problems.`,
      );
      if (staging.rows === 0) throw refused(intake, false);
    }
    const result = await use({ session, staging, intake, rules, leftOut });
    isPublished = true;
    return result;
  } finally {
    // A published run is no staging any more: discarding it does nothing.
    if (!isPublished) await staging.discard();
  }
}

/** Redis may be away and the file wrong: then the file's problems are told, since they come back whatever Redis does. */
async function sessionOrProblems(
  identity: Identity,
  file: InputFile,
  rules: ReadingRules,
  flags: FileFlags,
  context: Context,
): Promise<Session> {
  try {
    return await openSession(identity, context);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const intake = await readIn(file, rules, async () => undefined);
    if (intake.problemTotal === 0 || (flags.skipInvalid && !intake.isBroken)) throw error;
    showProblems(intake, context);
    throw refused(intake, flags.skipInvalid === true);
  }
}

function showProblems({ name, problems, problemTotal }: Intake, { print }: Context): void {
  for (const { line, column, name: cell, message, remedy } of problems) {
    print.say(visible(`${name}:${line}:${column}${cell ? ` ${cell}` : ''}: ${message}: ${remedy}`));
  }
  if (problemTotal > problems.length) print.say(`… and ${problemTotal - problems.length} more problems.`);
}

function refused({ name, problemTotal, isBroken }: Intake, skipInvalid: boolean): UserError {
  const remedy =
    isBroken && skipInvalid
      ? 'Correct it and start again; --skip-invalid leaves out policies, but this is about the file as a whole.'
      : 'Correct them and start again, or leave out their policies with --skip-invalid.';
  return new UserError(`${name} has ${count(problemTotal, 'problem')}; nothing was queued.`, {
    remedy,
    exitCode: EXIT.badInput,
  });
}

function wholeDays(text: string): number {
  const days = Number(text);
  if (/^\d+$/.test(text) && days >= 1 && days <= 3650) return days;
  throw new UserError(`--keep-days is "${text}".`, {
    remedy: 'Write a whole number from 1 to 3650.',
    exitCode: EXIT.badInput,
  });
}

function runIdentity(
  identity: Identity,
  file: InputFile,
  rules: ReadingRules,
  keepDays: number,
  context: Context,
) {
  return {
    runId: newRunId(new Date()),
    tenant: identity.tenant,
    graphUrl: identity.config.graphUrl,
    apiVersion: rules.apiVersion,
    appId: identity.appId,
    operator: identity.operator,
    arguments: context.argv,
    fileName: file.name,
    blind: rules.blind,
    keepDays,
  };
}

/** `20260131-235959-k7qd`: sorts by time, says when, and can be read out on the telephone. */
function newRunId(now: Date): string {
  const stamp = now.toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15);
  const letters = 'abcdefghjkmnpqrstuvwxyz23456789';
  return `${stamp}-${Array.from({ length: 4 }, () => letters[randomInt(letters.length)]).join('')}`;
}

/** Makes the staged rows a run and queues its first batches. Answers the run's id. */
export async function publish(
  { staging, intake, leftOut, session }: Staged,
  again: boolean,
): Promise<string> {
  const published = await staging.publish({ sha256: intake.sha256, columns: intake.columns, leftOut, again });
  switch (published.kind) {
    case 'published':
      await session.producer.topUp();
      return staging.runId;
    case 'sameFile':
      throw new UserError(`Run ${published.runId} of the same file is not finished.`, {
        remedy: `Follow it with \`retarget watch ${published.runId}\`, or start another one with --again.`,
        exitCode: EXIT.badInput,
      });
    case 'lost':
      throw new UserError('The rows that were read in are gone from Redis; nothing was queued.', {
        remedy: 'Start again. If it happens again, Redis was flushed or out of reach for minutes.',
        exitCode: EXIT.environment,
      });
  }
}
