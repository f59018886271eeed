import { familyFacts } from '../../assignments/kinds/family.ts';
import { identify, type Identity } from '../../app/identity.ts';
import { findRun } from '../../app/runs/findRun.ts';
import { statusOf } from '../../app/runs/status.ts';
import { openServices } from '../../app/services.ts';
import { count, duration } from '../../app/words.ts';
import { sharedOptions } from '../sharedFlags.ts';
import { timeLeft } from '../terminal/timeLeft.ts';
import { tellStop } from '../terminal/tellWaits.ts';
import type { SharedFlags } from '../../config.ts';
import { EXIT } from '../../errors.ts';
import type { FamilyStatus, RunStatus } from '../../runs/progress.ts';
import { ROW_STATUSES, type RowStatus } from '../../runs/rowState.ts';
import { DEFAULT_OPTIONS, hasEnded } from '../../runs/run.ts';
import type { Stop } from '../../runs/runReader.ts';
import { ALREADY_SO_UNPLANNED } from '../../runs/unrecorded.ts';
import type { CliCommand, Context } from '../context.ts';
import { shortFingerprint } from '../terminal/showPlan.ts';
import { visible } from '../../assignments/values/visible.ts';

interface StatusFlags extends SharedFlags {
  readonly json?: boolean;
  readonly all?: boolean;
}

/** Runs that have ended and are listed without --all. Those that have not always are. */
const ENDED_SHOWN_MAX = 20;

export const status: CliCommand<StatusFlags> = {
  options: (command) =>
    sharedOptions(command)
      .option('--all', `every run, not only the open ones and the ${ENDED_SHOWN_MAX} that ended last`)
      .option('--json', 'print JSON'),
  async run([name], flags, context) {
    await using services = await openServices(identify(flags, context), context);
    const { identity, runs: record } = services;
    const stop = await record.stopped();
    if (name !== undefined) {
      const run = await statusOf(await findRun(name, services), services);
      if (flags.json) context.print.json(run);
      else showRun(run, stop, identity, context);
      return EXIT.done;
    }
    const all = await record.runs();
    const ended = all.filter(hasEnded);
    const left = new Set(flags.all ? [] : ended.slice(ENDED_SHOWN_MAX));
    const shown = all.filter((run) => !left.has(run));
    const runs = await Promise.all(shown.map((run) => statusOf(run, services)));
    if (flags.json) context.print.json(runs);
    else {
      await tellStop(services, context.print);
      showRuns(runs, stop, identity.tenant, context);
    }
    if (left.size > 0)
      context.print.say(
        `… and ${count(left.size, 'older run')} that ended: ${identity.hint('status --all')}`,
      );
    return EXIT.done;
  },
};

/** A run that is at work, of a tenant that is stopped, does nothing. */
const stateShown = ({ state }: RunStatus, stop: Stop | undefined): string =>
  stop !== undefined && (state === 'running' || state === 'queued') ? 'stopped' : state;

/** Of a status that takes too much room in a table. */
const HEADINGS: { readonly [status in RowStatus]?: string } = { awaitingApproval: 'APPROVAL' };

export const RUN_HEADINGS: readonly string[] = [
  ...['RUN', 'STATE', 'TOTAL'],
  ...ROW_STATUSES.map((status) => HEADINGS[status] ?? status.toUpperCase()),
  'FILE',
];

/** One line of the table of all runs. */
export const runCells = (run: RunStatus, stop?: Stop): readonly string[] => [
  ...[run.runId, stateShown(run, stop), String(run.total)],
  ...ROW_STATUSES.map((status) => String(run[status])),
  run.source.name,
];

function showRuns(
  runs: readonly RunStatus[],
  stop: Stop | undefined,
  tenant: string,
  { print }: Context,
): void {
  if (runs.length === 0) {
    print.say(
      `Tenant ${tenant} has no runs yet. Start one with \`retarget apply <file>\`; another tenant needs --tenant or its sign-in.`,
    );
    return;
  }
  print.table(
    RUN_HEADINGS,
    runs.map((run) => runCells(run, stop)),
  );
  for (const { runId, reasonText, finishedAt } of runs) {
    if (reasonText !== null && finishedAt === null) print.say(visible(`${runId}: ${reasonText}`));
  }
}

function showRun(run: RunStatus, stop: Stop | undefined, { hint }: Identity, { print }: Context): void {
  const { limiter } = run;
  const state = stateShown(run, stop);
  const lines: [string, string][] = [
    ['run', run.runId],
    ['state', run.reasonText ? `${state}: ${run.reasonText}` : state],
    ['tenant', `${run.tenant} at ${run.graphUrl}`],
    ['file', `${run.source.name} (sha256 ${run.source.sha256.slice(0, 12)}…)`],
    ['plan', run.planFingerprint === null ? 'none' : shortFingerprint(run.planFingerprint)],
    ['operator', run.operator],
    ['rows', `${run.total} in all`],
    ...ROW_STATUSES.map((name): [string, string] => [`  ${name}`, `${run[name]}${amongThem(run, name)}`]),
    ['throttled', count(run.throttled, 'time')],
    ['created', run.createdAt],
    ['started', run.startedAt ?? '–'],
    ['finished', run.finishedAt ?? '–'],
    ['rate', run.ratePerSecond === null ? '–' : `${run.ratePerSecond} rows/s`],
    ['time left', timeLeft(run) ?? '–'],
    ...(run.maxFailures === DEFAULT_OPTIONS.maxFailures
      ? []
      : [['max failures', run.maxFailures] as [string, string]]),
    ...(run.writesPerWindow === null
      ? []
      : [['its own limit', `${run.writesPerWindow} writes a window`] as [string, string]]),
    ...(run.families.length === 0
      ? [['limiter', limiterLine(limiter)] as [string, string]]
      : run.families.flatMap(familyLines)),
  ];
  for (const [name, value] of lines) print.data(`${name.padEnd(18)} ${visible(value)}`, 19);
  if (run.unsure > 0) print.say(`May be written, or still be: ${hint(`results ${run.runId} --only unsure`)}`);
  if (run.awaitingApproval > 0 && run.state === 'completed')
    print.say(`Once approved, go on with: ${hint(`resume ${run.runId}`)}`);
  if (run.state === 'paused') print.say(`Go on with: ${hint(`resume ${run.runId}`)}`);
  if (run.state === 'aborted')
    print.say(
      `Go on with the rest: ${hint(`resume ${run.runId}`)}; with what failed too: ${hint(`retry ${run.runId}`)}`,
    );
}

/** Each throttle family of a run with several of them. */
const familyLines = ({ family, total, pending, etaSeconds, limiter }: FamilyStatus): [string, string][] => [
  [
    familyFacts(family).label,
    `${total - pending} of ${total} rows${etaSeconds === null || pending === 0 ? '' : `, about ${duration(etaSeconds)} left`}`,
  ],
  ['  limiter', limiterLine(limiter)],
];

/** Rows of a status that need a word of their own. */
function amongThem({ inDoubt, unrecorded }: RunStatus, status: RowStatus): string {
  if (status === 'pending' && inDoubt > 0) return `, ${inDoubt} of them sent: the next read settles them`;
  if (status === 'skipped' && unrecorded > 0)
    return `, ${unrecorded} of them found so with no write on record (${ALREADY_SO_UNPLANNED})`;
  return '';
}

/** What the tenant takes, as far as it is learned, and how it is used. */
const limiterLine = ({
  budget,
  limit,
  charged,
  used,
  backoffUntil,
  backoffReason,
}: RunStatus['limiter']): string =>
  [
    `budget ${budget} of ${limit} writes a window`,
    `${charged} charged`,
    `${Math.round(used * 100)} % used in the last one`,
    ...(backoffUntil === null ? [] : [`held until ${backoffUntil} (${backoffReason})`]),
  ].join(', ');
