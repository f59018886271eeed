import type { VNode } from 'preact';
import { revertInWords } from '../../app/runs/revertInWords.ts';
import { fitInWords } from '../../app/schedule/fitInWords.ts';
import { visible } from '../../assignments/values/visible.ts';
import type { ChannelStatus, RunStatus } from '../../runs/progress.ts';
import { DEFAULT_OPTIONS, type Run } from '../../runs/run.ts';
import { timeInZone } from '../../runs/schedule/localTime.ts';
import { Moment } from '../clock.tsx';
import { Facts, type NamedFact } from './facts.tsx';
import { runPath } from './runCard.tsx';

/** Who made a run, of what, when and why. */
export function RunFacts({
  run,
  status,
  now,
}: {
  readonly run: Run;
  readonly status: RunStatus;
  readonly now: number;
}): VNode {
  const time = (at: string | null): VNode | null => (at === null ? null : <Moment at={at} now={now} />);
  const { revertOf, canary } = run.options;
  const facts: NamedFact[] = [
    ['run', <code>{run.runId}</code>],
    ['who', visible(status.operator)],
    ['why', status.purpose === null ? null : visible(status.purpose)],
    ['takes back', revertOf === null ? null : <a href={runPath(revertOf)}>{revertOf}</a>],
    [
      'file',
      <>
        {visible(status.source.name)} <span class="quiet">(sha256 {status.source.sha256.slice(0, 12)}…)</span>
      </>,
    ],
    [
      'plan',
      status.planFingerprint === null ? (
        'none'
      ) : (
        <a href={`${runPath(status.runId)}/plan`}>
          <code title={status.planFingerprint}>{status.planFingerprint.slice(0, 12)}…</code>
        </a>
      ),
    ],
    [
      'tenant',
      <>
        {status.tenant} <span class="quiet">at {status.graphUrl}</span>
      </>,
    ],
    ['created', time(status.createdAt)],
    ['started', time(status.startedAt)],
    ['finished', time(status.finishedAt)],
    ['may work', mayWork(status)],
    ['fits', fits(status)],
    ['ends', status.revert === null ? null : visible(revertInWords(status.revert))],
    ['canary', canary === null ? null : `${canary} rows, then somebody has to say yes`],
    ['max failures', status.maxFailures === DEFAULT_OPTIONS.maxFailures ? null : status.maxFailures],
    ['tells', status.channels.length === 0 ? null : <Channels channels={status.channels} now={now} />],
  ];
  return (
    <section>
      <h2>About this run</h2>
      <Facts facts={facts} />
    </section>
  );
}

function mayWork({ schedule, finishedAt }: RunStatus): string | null {
  if (schedule === null || finishedAt !== null) return null;
  const { startAt, windows, timeZone, deadlineAt } = schedule;
  const time = (iso: string): string => timeInZone(Date.parse(iso), timeZone);
  return [
    ...(startAt === null ? [] : [`from ${time(startAt)} on`]),
    ...(windows.length === 0 ? [] : [`within ${windows.join(', ')} (${timeZone})`]),
    ...(deadlineAt === null ? [] : [`until ${time(deadlineAt)}`]),
  ].join(', ');
}

const fits = ({ schedule, finishedAt }: RunStatus): string | null =>
  schedule === null || finishedAt !== null || schedule.fit === null
    ? null
    : (fitInWords(schedule.fit, schedule.deadlineAt !== null) ?? null);

const Channels = ({
  channels,
  now,
}: {
  readonly channels: readonly ChannelStatus[];
  readonly now: number;
}): VNode => (
  <ul class="plain">
    {channels.map(({ channel, waiting, toldAt, failingSince, why }) => (
      <li key={channel}>
        <strong>{channel}</strong>{' '}
        {failingSince !== null ? (
          <span class="bad">
            takes nothing since <Moment at={failingSince} now={now} />, {visible(why ?? '')}
          </span>
        ) : toldAt === null ? (
          'nothing told so far'
        ) : (
          <>
            told last at <Moment at={toldAt} now={now} />
          </>
        )}
        {waiting > 0 && `, ${waiting} not told yet`}
      </li>
    ))}
  </ul>
);
