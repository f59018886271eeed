import { identify, signIn } from '../../app/identity.ts';
import { PERSON_SCOPES, personSignedIn } from '../../app/person.ts';
import { approveRun } from '../../app/runs/approve.ts';
import { findOurRun } from '../../app/runs/findRun.ts';
import { statusOfId } from '../../app/runs/status.ts';
import { openServices } from '../../app/services.ts';
import { baseName, count } from '../../app/words.ts';
import { visible } from '../../assignments/values/visible.ts';
import { EXIT, UserError } from '../../errors.ts';
import { FINGERPRINT_CHARS } from '../../runs/reason.ts';
import type { Run } from '../../runs/run.ts';
import type { CliCommand, Context } from '../context.ts';
import { controlOptions, type ControlFlags } from '../controlFlags.ts';
import { ask, canAsk } from '../terminal/ask.ts';

interface ApproveFlags extends ControlFlags {
  readonly fingerprint?: string;
}

export const approve: CliCommand<ApproveFlags> = {
  options: (command) =>
    void controlOptions(command).option(
      '--fingerprint <hex>',
      `of the plan that you have looked at, ${FINGERPRINT_CHARS} characters at least; without it you are asked`,
    ),
  async run([name = ''], flags, context) {
    const { print } = context;
    const identity = await signIn(identify(flags, context), context, PERSON_SCOPES);
    await using services = await openServices(identity, context);
    const run = await findOurRun(name, services);
    const by = await personSignedIn(services.identity, context);
    const fingerprint = flags.fingerprint ?? (await askedFor(run, by.name, context));
    if (fingerprint === undefined) return EXIT.stoppedEarly;
    const { kind, isPaused } = await approveRun(
      run,
      by,
      { fingerprint, reason: flags.reason ?? '' },
      services,
    );
    const { hint } = services.identity;
    print.say(
      visible(
        kind === 'already'
          ? `Run ${run.runId} was approved before, and that counts still.`
          : `Run ${run.runId} is approved by ${by.name}.`,
      ),
    );
    if (isPaused) print.say(`It is paused, and goes on with: ${hint(`resume ${run.runId}`)}`);
    if (flags.json) print.json(await statusOfId(run.runId, services));
    return EXIT.done;
  },
};

/** The plan of a run that somebody says yes to at a terminal; undefined: he does not. */
async function askedFor(run: Run, by: string, context: Context): Promise<string | undefined> {
  const { runId, planFingerprint, source, operator, submitter, total, options } = run;
  if (!canAsk(context) || planFingerprint === null)
    throw new UserError('Which plan is approved is not said.', {
      remedy: `Add --fingerprint; \`retarget status ${runId}\` shows that of the run.`,
      exitCode: EXIT.badInput,
    });
  const { print } = context;
  print.say(
    visible(
      `Run ${runId}: ${count(total, 'row')} of ${baseName(source.name)}, made by ${submitter.name || operator}.`,
    ),
  );
  if (options.purpose !== null) print.say(visible(`Why: ${options.purpose}`));
  print.say(`Plan ${planFingerprint}`);
  const isYes = await ask(visible(`Approve this plan as ${by}?`), context);
  if (!isYes) print.say('Nothing was changed.');
  return isYes ? planFingerprint : undefined;
}
