import { createInterface } from 'node:readline/promises';
import { EXIT, UserError } from '../errors.ts';
import type { Context } from './context.ts';

/** Asks a yes-or-no question. @throws UserError (exit 2) when nobody is there to answer. */
export async function ask(question: string, context: Context): Promise<boolean> {
  if (!context.stdin.isTTY || !context.stderr.isTTY) {
    throw new UserError('There is no terminal to ask on.', {
      remedy: 'Read the plan with `retarget plan`, then run with --yes.',
      exitCode: EXIT.badInput,
    });
  }
  const terminal = createInterface({ input: context.stdin, output: context.stderr });
  try {
    const answer = await terminal.question(`${question} [y/N] `, { signal: context.interrupted });
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    terminal.close();
  }
}
