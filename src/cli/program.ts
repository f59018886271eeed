import { Command, CommanderError } from 'commander';
import { createEvents } from '../events.ts';
import { logEvents } from '../app/logEvents.ts';
import { failureOf } from '../app/failure.ts';
import { redactorOf } from '../app/host.ts';
import { createLog } from '../log.ts';
import { EXIT, UserError, type ExitCode } from '../errors.ts';
import type { CliCommand, Context, Io } from './context.ts';
import { isInterrupt } from '../app/interrupt.ts';
import { createPrinter, NoReader, type Printer } from './terminal/print.ts';
import { reportBug } from './terminal/reportBug.ts';
import { talkOf } from './terminal/talk.ts';
import { visible } from '../assignments/values/visible.ts';

interface Entry {
  readonly usage: string;
  readonly summary: string;
  readonly example: string;
  /** Loaded when it is called, so that `--version` loads neither BullMQ nor anything of Azure's. */
  readonly load: () => Promise<CliCommand<never>>;
}

export const COMMANDS: Readonly<Record<string, Entry>> = {
  apply: {
    usage: '<file>',
    summary: 'plan, ask, queue, work here until done',
    example: 'retarget apply changes.csv',
    load: async () => (await import('./commands/apply.ts')).apply,
  },
  plan: {
    usage: '<file>',
    summary: 'read, check and compare with the tenant; nothing is written',
    example: 'retarget plan changes.csv --json',
    load: async () => (await import('./commands/plan.ts')).plan,
  },
  submit: {
    usage: '<file>',
    summary: 'plan, record and queue a run for workers; prints its id',
    example: 'run=$(retarget submit changes.csv)',
    load: async () => (await import('./commands/submit.ts')).submit,
  },
  worker: {
    usage: '',
    summary: 'take batches of the tenant until SIGTERM',
    example: 'retarget worker --until-idle',
    load: async () => (await import('./commands/worker.ts')).worker,
  },
  status: {
    usage: '[run]',
    summary: 'one run, or the newest and all that are open',
    example: 'retarget status @last --json',
    load: async () => (await import('./commands/status.ts')).status,
  },
  watch: {
    usage: '<run>',
    summary: 'show the progress of a run until it ends',
    example: 'retarget watch @last',
    load: async () => (await import('./commands/watch.ts')).watch,
  },
  serve: {
    usage: '',
    summary: 'a page of the runs of a tenant, live, for a browser on this machine',
    example: 'retarget serve --port 8900',
    load: async () => (await import('./commands/serve.ts')).serveCommand,
  },
  results: {
    usage: '<run>',
    summary: 'the input with what became of each row',
    example: 'retarget results @last --only failed -o failed.csv',
    load: async () => (await import('./commands/results.ts')).results,
  },
  report: {
    usage: '<run|plan>',
    summary: 'one file about a change, for those who say yes to it or ask afterwards: HTML or Markdown',
    example: 'retarget report @last -o change.html',
    load: async () => (await import('./commands/report.ts')).report,
  },
  export: {
    usage: '',
    summary: "the tenant's current assignments, as a file that plan and apply read",
    example: 'retarget export --where platform=iOS -o present.csv',
    load: async () => (await import('./commands/export.ts')).exportCommand,
  },
  snapshot: {
    usage: '',
    summary: 'keep the whole tenant in one sealed file, for restore and diff',
    example: 'retarget snapshot -o friday.json',
    load: async () => (await import('./commands/snapshot.ts')).snapshot,
  },
  restore: {
    usage: '<snapshot>',
    summary: "bring each policy's assignments back to what a snapshot has: plan, ask, work here",
    example: 'retarget restore friday.json --where platform=iOS --dry-run',
    load: async () => (await import('./commands/restore.ts')).restore,
  },
  diff: {
    usage: '<a> <b>',
    summary: 'what differs between two snapshots, or a snapshot and now; exit 1 when something does',
    example: 'retarget diff friday.json now',
    load: async () => (await import('./commands/diff.ts')).diff,
  },
  generate: {
    usage: '<rule>',
    summary:
      'a change file out of a rule: swap, exclude, include, copy, remove or filter; nothing is written',
    example: "retarget generate swap --from Old --to New --where 'policyName!=*Kiosk*' -o changes.csv",
    load: async () => (await import('./commands/generate.ts')).generateCommand,
  },
  pause: {
    usage: '[run]',
    summary: 'stop a run after what is in flight, or with --all the tenant; `resume` goes on',
    example: 'retarget pause @last',
    load: async () => (await import('./commands/pause.ts')).pause,
  },
  resume: {
    usage: '[run]',
    summary: 'let a paused run go on, or the rest of an aborted one; with --all the tenant',
    example: 'retarget resume @last --work',
    load: async () => (await import('./commands/resume.ts')).resume,
  },
  approve: {
    usage: '<run>',
    summary: 'say yes, as a second person, to the plan of a run that waits for one',
    example: 'retarget approve @last --fingerprint 3f2a… --reason "CHG-1234" --sign-in device-code',
    load: async () => (await import('./commands/approve.ts')).approve,
  },
  approval: {
    usage: '',
    summary: 'whether a second person has to approve the runs of the tenant; --require demands it',
    example: 'retarget approval --require --reason "CHG-1234"',
    load: async () => (await import('./commands/approval.ts')).approval,
  },
  cancel: {
    usage: '<run>',
    summary: 'end a run after what is in flight; the rest is not written',
    example: 'retarget cancel @last',
    load: async () => (await import('./commands/cancel.ts')).cancel,
  },
  retry: {
    usage: '<run>',
    summary: 'try the failed rows of an ended run again, and those a cancel left',
    example: 'retarget retry @last --work',
    load: async () => (await import('./commands/retry.ts')).retry,
  },
  update: {
    usage: '<run>',
    summary: 'change how a run goes on: its times and windows, its failure budget, its writes a window',
    example: 'retarget update @last --window "22:00-05:00" --max-failures 10%',
    load: async () => (await import('./commands/update.ts')).update,
  },
  rollback: {
    usage: '[run]',
    summary: 'put back what a run has written, as a run of its own',
    example: 'retarget rollback @last --where platform=iOS --dry-run',
    load: async () => (await import('./commands/rollback.ts')).rollback,
  },
  rehearse: {
    usage: '<plan>',
    summary:
      'carry a saved plan out on a stand-in for its tenant, kill a worker half-way, take it back, and prove both; nothing reaches the tenant',
    example: 'retarget rehearse plan.ndjson -o rehearsal.html',
    load: async () => (await import('./commands/rehearse.ts')).rehearseCommand,
  },
  prove: {
    usage: '<run>',
    summary:
      'the whole tenant before a run and now: what changed as planned, by others, not at all; exit 1 when something is not as planned',
    example: 'retarget prove @last --snapshot before.json',
    load: async () => (await import('./commands/prove.ts')).prove,
  },
  log: {
    usage: '[run]',
    summary: 'who did what with a run, or with all of the tenant, when and why; also when the rows are gone',
    example: 'retarget log @last',
    load: async () => (await import('./commands/log.ts')).log,
  },
  history: {
    usage: '[policy|group]',
    summary:
      'what all runs, and others, did to a policy or a group, what is there now, and what puts it back',
    example: "retarget history 'Wi-Fi*' --since 7d",
    load: async () => (await import('./commands/history.ts')).history,
  },
  notify: {
    usage: '[channel]',
    summary: 'the channels of notify.json and how telling them goes; --test tells them something',
    example: 'retarget notify --test ops',
    load: async () => (await import('./commands/notify.ts')).notify,
  },
  doctor: {
    usage: '',
    summary: 'check Redis, the sign-in, the permission and Graph, each with its remedy',
    example: 'retarget doctor --json',
    load: async () => (await import('./commands/doctor.ts')).doctor,
  },
  simulate: {
    usage: '',
    summary: 'a stand-in for Graph and Intune on this machine',
    example: 'retarget simulate --port 8080 --write-limit 100 --window-ms 4000',
    load: async () => (await import('./commands/simulate.ts')).simulate,
  },
  demo: {
    usage: '',
    summary: 'the whole road against the simulator, with an embedded Redis of its own',
    example: 'retarget demo',
    load: async () => (await import('./commands/demo.ts')).demo,
  },
};

const EXIT_CODES = `
Exit codes:
  0    done: every row done, or already so
  1    some rows failed, were stale, or were left out by --skip-invalid
  2    bad input or usage, unknown run, wrong state; nothing was queued
  3    stopped or refused before its end
  4    environment: Redis, sign-in or Graph out of reach
  70   a bug
  130  interrupted

retarget <command> --help shows the options of a command.`;

/** Runs one command line. Everything a user can do wrong is told on stderr with its remedy. */
export async function runCommand(
  argv: readonly string[],
  io: Io,
  version: string,
  commands = COMMANDS,
): Promise<ExitCode> {
  const redactor = redactorOf(io.env, argv);
  const print = createPrinter(io.stdout, io.stderr, io.env, redactor.redacted);
  let exitCode: ExitCode = EXIT.done;
  const redisInUse: Context['redisInUse'] = {};
  const events = createEvents();
  let published: string | undefined;
  events.on('published', (runId) => (published = runId));
  const program = new Command('retarget')
    .description('Changes who Intune policies are assigned to, in bulk.')
    .version(version)
    .helpCommand(false)
    .showHelpAfterError('(retarget --help shows the commands)')
    .addHelpText('after', EXIT_CODES)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(visibleLines(redactor.redacted(text))),
    });
  const called = argv.find((argument) => !argument.startsWith('-')) ?? '';
  for (const [name, entry] of Object.entries(commands)) {
    const command = program
      .command(`${name} ${entry.usage}`.trim())
      .summary(entry.summary)
      .description(entry.summary);
    command
      .addHelpText('after', `\nExample:\n  $ ${entry.example}`)
      .showHelpAfterError(`(retarget ${name} --help shows the options)`);
    command.exitOverride();
    if (name !== called) continue;
    const loaded = await entry.load();
    loaded.options(command);
    command.action(async () => {
      const shownArgv = withoutSecrets(argv).map(redactor.redacted);
      const log = createLog((line) => print.say(visible(line)), 'info');
      talkOf(events, print, log);
      logEvents(events, log);
      const context: Context = { ...io, print, redactor, redisInUse, events, log, argv: shownArgv };
      exitCode = await loaded.run(command.args, command.opts() as never, context);
    });
  }
  const ended = await program.parseAsync([...argv], { from: 'user' }).then(
    () => exitCode,
    (error: unknown) => told(error, io, { print, redactor, redisInUse, published }),
  );
  return allWritten(ended, print);
}

/** What is at hand when a command fails. */
interface Telling extends Pick<Context, 'print' | 'redactor' | 'redisInUse'> {
  /** The run that the command has published by then. */
  readonly published: string | undefined;
}

function told(
  error: unknown,
  { stderr, interrupted }: Io,
  { print, redactor, redisInUse, published }: Telling,
): ExitCode {
  const stands =
    published === undefined ? undefined : `Run ${published} stands: \`retarget status ${published}\`.`;
  if (error instanceof NoReader) return EXIT.done;
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.badInput;
  if (isInterrupt(error, interrupted)) {
    print.say('Interrupted.');
    if (stands !== undefined) print.say(stands);
    return EXIT.interrupted;
  }
  const failure = failureOf(error, { redisInUse });
  if (failure !== undefined) print.sayError(failure);
  if (stands !== undefined) print.say(stands);
  return failure?.exitCode ?? reportBug(error, stderr, redactor.redacted);
}

/** A reader that has seen enough is nobody's concern; a disk that is full is. */
async function allWritten(exitCode: ExitCode, print: Printer): Promise<ExitCode> {
  const failure = await print.unwritten();
  if (failure === undefined) return exitCode;
  const error = new UserError(`Not all data could be written to stdout: ${failure.message}.`, {
    remedy:
      'Everything else is done. Make room, or write elsewhere, and ask again: `retarget status` shows the runs.',
    exitCode: EXIT.environment,
  });
  print.sayError(error);
  return error.exitCode;
}

/** What commander says of arguments, line by line: an argument may hold what steers a terminal. */
const visibleLines = (text: string): string => text.split('\n').map(visible).join('\n');

/** The arguments as they are recorded with a run. An address of Redis may hold passwords, also behind a `?`. */
const withoutSecrets = (argv: readonly string[]): string[] =>
  argv.map((argument) =>
    /rediss?(\+\w+)?:\/\//i.test(argument)
      ? argument.replace(/:\/\/.*@/, '://…@').replace(/\?.*/, '?…')
      : argument,
  );
