import { createInterface } from 'node:readline/promises';
import { EXIT, UserError } from '../../errors.ts';
import type { Context } from '../context.ts';
import { unlessInterrupted } from '../../app/interrupt.ts';

/** Whether somebody is there to answer a question. */
export const canAsk = ({ stdin, stderr }: Context): boolean => stdin.isTTY === true && stderr.isTTY === true;

/** Asks a yes-or-no question; the end of the input is a no. Rejects when a signal comes. */
export const ask = async (question: string, context: Context): Promise<boolean> =>
  /^y(es)?$/i.test(await answerTo(`${question} [y/N] `, context));

/**
 * Asks which of some things is meant, by their words or first letters, which differ. Undefined for anything else. Rejects when a
 * signal comes.
 */
export async function choose<Word extends string>(
  question: string,
  words: readonly Word[],
  context: Context,
): Promise<Word | undefined> {
  const shown = words.map((word) => `[${word.slice(0, 1)}]${word.slice(1)}`).join(', ');
  const answer = (await answerTo(`${question}: ${shown}? `, context)).toLowerCase();
  return words.find((word) => word === answer || word.slice(0, 1) === answer);
}

/** What is typed behind a question; '' at the end of the input. Rejects when a signal comes. */
export async function answerTo(question: string, context: Context): Promise<string> {
  // Not as a terminal of readline's own: that would take Ctrl-C for itself, and nobody would be interrupted.
  const lines = createInterface({ input: context.stdin, output: context.stderr, terminal: false });
  const noAnswer = new Promise<string>((resolve) => lines.once('close', () => resolve('')));
  try {
    const answer = Promise.race([lines.question(question), noAnswer]);
    return (await unlessInterrupted(answer, context.interrupted)).trim();
  } catch (error) {
    context.print.say(''); // the question's line has no end yet
    throw error;
  } finally {
    lines.close();
  }
}

/** Does something each time that somebody presses Enter; nothing where nobody can. Answers how that ends. */
export function onEnter(context: Context, does: () => void): () => void {
  if (!canAsk(context)) return () => undefined;
  const lines = createInterface({ input: context.stdin, terminal: false });
  lines.on('line', does);
  return () => lines.close();
}

/** @param preview the command that shows what would be done */
export const nobodyToAsk = (preview = 'retarget plan'): UserError =>
  new UserError('There is no terminal to ask on.', {
    remedy: `Read the plan with \`${preview}\`, then run with --yes.`,
    exitCode: EXIT.badInput,
  });
