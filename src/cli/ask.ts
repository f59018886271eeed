import { createInterface } from 'node:readline/promises';
import { EXIT, UserError } from '../errors.ts';
import type { Context } from './context.ts';
import { unlessInterrupted } from './interrupt.ts';

/** Whether somebody is there to answer a question. */
export const canAsk = ({ stdin, stderr }: Context): boolean => stdin.isTTY === true && stderr.isTTY === true;

/** Asks a yes-or-no question; the end of the input is a no. Rejects when a signal comes. */
export async function ask(question: string, context: Context): Promise<boolean> {
  // Not as a terminal of readline's own: that would take Ctrl-C for itself, and nobody would be interrupted.
  const lines = createInterface({ input: context.stdin, output: context.stderr, terminal: false });
  const noAnswer = new Promise<string>((resolve) => lines.once('close', () => resolve('')));
  try {
    const answer = Promise.race([lines.question(`${question} [y/N] `), noAnswer]);
    return /^y(es)?$/i.test((await unlessInterrupted(answer, context.interrupted)).trim());
  } catch (error) {
    context.print.say(''); // the question's line has no end yet
    throw error;
  } finally {
    lines.close();
  }
}

export const nobodyToAsk = (): UserError =>
  new UserError('There is no terminal to ask on.', {
    remedy: 'Read the plan with `retarget plan`, then run with --yes.',
    exitCode: EXIT.badInput,
  });
