import { visible } from '../../assignments/values/visible.ts';
import type { Identity } from '../../app/identity.ts';
import { exitCodeOf } from '../../app/runs/exitCode.ts';
import { sumsInWords } from '../../app/runs/sumsInWords.ts';
import { count, duration } from '../../app/words.ts';
import { EXIT, type ExitCode } from '../../errors.ts';
import type { Run } from '../../runs/run.ts';
import { ALREADY_SO_UNPLANNED } from '../../runs/unrecorded.ts';
import type { Context } from '../context.ts';

/** The last words about a run, and what they mean to the shell. */
export function summary(
  run: Run,
  { identity }: { readonly identity: Pick<Identity, 'hint'> },
  context: Pick<Context, 'print' | 'interrupted'>,
): ExitCode {
  const { print } = context;
  const { counts } = run;
  const took =
    run.startedAt === null ? '' : ` in ${duration(((run.finishedAt ?? Date.now()) - run.startedAt) / 1000)}`;
  const parts = [
    sumsInWords(counts),
    ...(run.throttled > 0 ? [`throttled ${count(run.throttled, 'time')}`] : []),
  ];
  print.say(`Run ${run.runId} ${run.state}${took}: ${parts.filter(Boolean).join(', ')}.`);
  if (run.reasonText) print.say(`  ${visible(run.reasonText)}`);
  if (run.unrecorded > 0)
    print.say(
      `  ${count(run.unrecorded, 'skipped row')} found so though the plan wanted a write, and none is on record (${ALREADY_SO_UNPLANNED}).`,
    );
  // Hours after it was said, and the reason for exit 1.
  if (run.leftOut > 0)
    print.say(`  Not among them: ${count(run.leftOut, 'row')} that --skip-invalid left out of the run.`);
  for (const hint of hints(run, identity)) print.say(`  ${hint}`);
  return exitCodeOf(run, context.interrupted.aborted);
}

function hints(run: Run, { hint }: Pick<Identity, 'hint'>): string[] {
  const { runId, counts, state, reason, finishedAt } = run;
  const hasFailed = counts.failed + counts.stale > 0;
  // What stops a run before it has begun is not mended by trying on: its reason says what to do.
  const hasBegun = counts.succeeded + counts.failed + counts.unsure > 0;
  const isAborted = state === 'aborted' && hasBegun && reason !== 'route' && reason !== 'lostEntries';
  return [
    ...(reason === 'deadline' ? [`First:        ${hint(`update ${runId} --deadline off`)}`] : []),
    ...(state === 'paused' ? [`Go on with:   ${hint(`resume ${runId} --work`)}`] : []),
    ...(hasAwaiting(run) ? [`Approved:     ${hint(`resume ${runId} --work`)}`] : []),
    ...(hasFailed ? [`Failed rows:  ${hint(`results ${runId} --only failed,stale`)}`] : []),
    ...(counts.unsure > 0 ? [`May be there: ${hint(`results ${runId} --only unsure`)}`] : []),
    ...((isAborted || reason === 'lostEntries') && counts.pending > 0
      ? [`The rest:     ${hint(`resume ${runId} --work`)}`]
      : []),
    ...(isAborted
      ? [
          `Failed too:   ${hint(`retry ${runId} --work`)}`,
          `Other limit:  ${hint(`update ${runId} --max-failures 10%`)}`,
        ]
      : []),
    ...(finishedAt !== null ? [`All results:  ${hint(`results ${runId} -o results.csv`)}`] : []),
  ];
}

/** A run that has ended with such rows goes on with them by `resume`. */
const hasAwaiting = ({ counts, state }: Run): boolean =>
  counts.awaitingApproval > 0 && (state === 'completed' || state === 'aborted');

/** The worst first: what is left to a person, then what was left undone, then what went wrong. */
const BY_URGENCY: readonly ExitCode[] = [EXIT.environment, EXIT.stoppedEarly, EXIT.someRowsFailed];

/** The exit code of whoever had nothing left to do for these runs. */
export function worstExitCode(runs: readonly Run[]): ExitCode {
  const codes = runs.map((run): ExitCode => {
    const code = exitCodeOf(run, false);
    // One that is open with nothing left to do stands still, as under a stop of its tenant.
    return code === EXIT.interrupted ? EXIT.stoppedEarly : code;
  });
  return BY_URGENCY.find((code) => codes.includes(code)) ?? EXIT.done;
}
