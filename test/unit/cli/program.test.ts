import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import type { Context, Io } from '../../../src/cli/context.ts';
import { COMMANDS, runCommand } from '../../../src/cli/program.ts';
import { EXIT, UserError, type ExitCode } from '../../../src/errors.ts';

/** How `retarget act` ends, and what it says, when it does this. */
async function acting(act: (context: Context) => ExitCode, interrupted?: AbortSignal) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const io: Io = {
    ...{ stdout, stderr, stdin: new PassThrough(), cwd: '/nonexistent' },
    env: { RETARGET_ACCESS_TOKEN: 'hunter2hunter2' },
    interrupted: interrupted ?? new AbortController().signal,
    user: { name: 'ada', host: 'desk' },
  };
  const command = {
    options: () => undefined,
    run: async (_: unknown, __: unknown, context: Context) => act(context),
  };
  const entry = { usage: '', summary: 'acts', example: 'retarget act', load: async () => command };
  const exitCode = await runCommand(['act'], io, '0.0.0', { ...COMMANDS, act: entry });
  return { exitCode, said: String(stderr.read() ?? '') };
}

const failure = new UserError('The token hunter2hunter2 was refused.', {
  remedy: 'Sign in.',
  exitCode: EXIT.environment,
});
const published = ({ events }: Context): void => void events.emit('published', '20260131-120000-abcd');

const STANDS = 'Run 20260131-120000-abcd stands: `retarget status 20260131-120000-abcd`.';

test('a command that fails says why, what to do, and ends with the code of the failure; no secret is shown', async () => {
  const { exitCode, said } = await acting(() => {
    throw failure;
  });
  expect(exitCode).toBe(EXIT.environment);
  expect(said).toMatch(/^error: The token \S+ was refused\.\n {2}Sign in\.\n$/);
  expect(said).not.toContain('hunter2');
});

test('one that fails after it has published a run says that the run stands, and how to look at it', async () => {
  const { exitCode, said } = await acting((context) => {
    published(context);
    throw failure;
  });
  expect(exitCode).toBe(EXIT.environment);
  expect(said).toContain(`  Sign in.\n${STANDS}\n`);
});

test('one that a signal ends says so, and whether a run stands', async () => {
  const interrupted = AbortSignal.abort('SIGINT');
  const before = await acting(() => {
    throw interrupted.reason;
  }, interrupted);
  expect(before).toEqual({ exitCode: EXIT.interrupted, said: 'Interrupted.\n' });
  const after = await acting((context) => {
    published(context);
    throw interrupted.reason;
  }, interrupted);
  expect(after).toEqual({ exitCode: EXIT.interrupted, said: `Interrupted.\n${STANDS}\n` });
});

test('a bug after a run was published is told as one, and the run stands', async () => {
  const { exitCode, said } = await acting((context) => {
    published(context);
    throw new TypeError('x is undefined');
  });
  expect(exitCode).toBe(EXIT.bug);
  expect(said).toContain(STANDS);
  expect(said).toContain('x is undefined');
});

test('of a run that was published nothing is said where all goes well', async () => {
  const ended = await acting((context) => {
    published(context);
    return EXIT.someRowsFailed;
  });
  expect(ended).toEqual({ exitCode: EXIT.someRowsFailed, said: '' });
});
