import { familyFacts } from '../../assignments/kinds/family.ts';
import type { Identity } from '../../app/identity.ts';
import { backoffInWords } from '../../app/limiterInWords.ts';
import { stateShown } from '../../app/runs/stateShown.ts';
import { timeLeft } from '../../app/runs/timeLeft.ts';
import { count, duration } from '../../app/words.ts';
import { visible } from '../../assignments/values/visible.ts';
import type { FamilyStatus, RunStatus } from '../../runs/progress.ts';
import { ROW_STATUSES, type RowStatus } from '../../runs/rowState.ts';
import { DEFAULT_OPTIONS } from '../../runs/run.ts';
import type { Stop } from '../../runs/runReader.ts';
import { ALREADY_SO_UNPLANNED } from '../../runs/unrecorded.ts';
import type { Printer } from './print.ts';
import { channelInWords } from './channels.ts';
import { shortFingerprint } from './planSummary.ts';
import { revertLines, scheduleLines } from './scheduleLines.ts';

/** All that is known of one run, and how it is gone on with. */
export function showRun(
  run: RunStatus & { readonly rollbacks: readonly string[] },
  stop: Stop | undefined,
  { hint }: Identity,
  print: Printer,
): void {
  const { limiter, rollbacks } = run;
  const state = stateShown(run, stop);
  const lines: [string, string][] = [
    ['run', run.runId],
    ['state', run.reasonText ? `${state}: ${run.reasonText}` : state],
    ['tenant', `${run.tenant} at ${run.graphUrl}`],
    ['file', `${run.source.name} (sha256 ${run.source.sha256.slice(0, 12)}…)`],
    ['plan', run.planFingerprint === null ? 'none' : shortFingerprint(run.planFingerprint)],
    ['operator', run.operator],
    ...(run.approval === null ? [] : [['approved', approvalLine(run)] as [string, string]]),
    ...(run.purpose === null ? [] : [['why', run.purpose] as [string, string]]),
    ['rows', `${run.total} in all`],
    ...ROW_STATUSES.map((name): [string, string] => [`  ${name}`, `${run[name]}${amongThem(run, name)}`]),
    ['throttled', count(run.throttled, 'time')],
    ['created', run.createdAt],
    ['started', run.startedAt ?? '–'],
    ['finished', run.finishedAt ?? '–'],
    ...(run.finishedAt === null ? progressLines(run) : []),
    ...(rollbacks.length === 0 ? [] : [['rollbacks', rollbacks.join(', ')] as [string, string]]),
    ...scheduleLines(run),
    ...revertLines(run),
    ...run.channels.map((channel, i): [string, string] => [i === 0 ? 'tells' : '', channelInWords(channel)]),
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

function approvalLine({ approval, reason }: RunStatus): string {
  const { by = null, at, why } = approval ?? {};
  if (by === null) return 'not yet';
  return `${reason === 'approval' ? 'on other terms, ' : ''}by ${by} at ${at} (${why})`;
}

/** Who is at work on a run that has not ended, and how lately a row came to its end. */
const progressLines = ({ workers, lastProgressAt }: RunStatus): [string, string][] => [
  ['last progress', lastProgressAt ?? '–'],
  ...(workers.length === 0
    ? [['workers', 'none'] as [string, string]]
    : workers.map(({ host, pid, since, graphAwaySince }, i): [string, string] => [
        i === 0 ? 'workers' : '',
        `${host} (pid ${pid}) since ${since}${graphAwaySince === null ? '' : `, Graph out of its reach since ${graphAwaySince}`}`,
      ])),
];

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
    ...(backoffUntil === null ? [] : [`held until ${backoffUntil} (${backoffInWords(backoffReason)})`]),
  ].join(', ');
