import { EXIT, UserError } from '../../errors.ts';
import type { KnownPerson } from '../../runs/approval.ts';
import { FINGERPRINT_CHARS } from '../../runs/reason.ts';
import { hasEnded, type Run } from '../../runs/run.ts';
import type { Services } from '../services.ts';
import { wrongState } from './findRun.ts';
import { logRun, reasonFrom } from './runLog.ts';

/** Somebody's yes, as it was said. */
export interface ApprovalSaid {
  /** Of the plan that was seen; its first FINGERPRINT_CHARS do. */
  readonly fingerprint: string;
  readonly reason: string;
}

export interface ApprovalGiven {
  /** `already`: somebody has said yes before, and that counts still. */
  readonly kind: 'approved' | 'already';
  /** It is paused, and goes on by `resume`. */
  readonly isPaused: boolean;
}

/**
 * Keeps somebody's yes to the plan of a run. Callers have made sure who that is: by a sign-in that Graph vouches for, or a verified ID
 * token; never by an account of a machine.
 * @throws UserError (exit 2) when the plan is another one, the run has ended, or it is the person who made it
 */
export async function approveRun(
  run: Run,
  by: KnownPerson,
  { fingerprint, reason }: ApprovalSaid,
  services: Services,
): Promise<ApprovalGiven> {
  const { runs, producer, identity, redactor } = services;
  const said = reasonFrom(reason, redactor);
  if (said === null) throw withoutReason();
  if (hasEnded(run)) throw isOver(run, run.state);
  const whole = wholeFingerprint(run, fingerprint, identity.hint);
  const answer = await runs.approve(run.runId, { fingerprint: whole, by, reason: said });
  switch (answer.kind) {
    case 'done':
      await logRun(
        'approve',
        run.runId,
        { ...services, identity: { ...identity, operator: by.name } },
        { reason },
        {
          ...{ oid: by.oid, plan: whole },
        },
      );
      await producer.topUp();
      return { kind: 'approved', isPaused: answer.state === 'paused' };
    case 'already':
      return { kind: 'already', isPaused: answer.state === 'paused' };
    case 'ended':
      throw isOver(run, answer.state);
    case 'otherPlan':
      throw isOtherPlan(run, answer.fingerprint);
    case 'samePerson':
      throw new UserError(`Run ${run.runId} was made by you (${by.name}): somebody else has to approve it.`, {
        remedy: `Ask a colleague to run \`${identity.hint(`approve ${run.runId}`)}\` with a sign-in of their own.`,
        exitCode: EXIT.badInput,
      });
    case 'unknownSubmitter':
      throw new UserError(
        `Nobody knows who made run ${run.runId} (${run.operator} is an account of a machine), so no second person can be told from the first.`,
        {
          remedy: `Cancel it (\`${identity.hint(`cancel ${run.runId}`)}\`), and have its file submitted again with a sign-in.`,
          exitCode: EXIT.badInput,
        },
      );
  }
}

/** @throws UserError (exit 2) for one that is too short to name a plan, or names another */
function wholeFingerprint(run: Run, given: string, hint: Services['identity']['hint']): string {
  const { planFingerprint } = run;
  const seen = given.trim().toLowerCase().replace(/…$/, '');
  if (planFingerprint === null)
    throw new UserError(`Run ${run.runId} has no plan, so nobody can approve it.`, {
      remedy: `Cancel it (\`${hint(`cancel ${run.runId}`)}\`), and submit its file without --no-plan.`,
      exitCode: EXIT.badInput,
    });
  if (!/^[0-9a-f]+$/.test(seen) || seen.length < FINGERPRINT_CHARS || !planFingerprint.startsWith(seen))
    throw isOtherPlan(run, planFingerprint);
  return planFingerprint;
}

const isOtherPlan = ({ runId }: Run, fingerprint: string): UserError =>
  new UserError(
    `That is not the plan of run ${runId}: its fingerprint begins with ${fingerprint.slice(0, FINGERPRINT_CHARS)}.`,
    {
      remedy: `Look at the plan again, and approve it by that fingerprint (${FINGERPRINT_CHARS} characters at least) if it is what you mean.`,
      exitCode: EXIT.badInput,
    },
  );

const isOver = (run: Run, state: string): UserError =>
  wrongState(run, state, 'approved', 'Only a run that still goes on, or may, can be approved.');

const withoutReason = (): UserError =>
  new UserError('Why it is approved is not said.', {
    remedy:
      'Add --reason with what you have looked at, as in --reason "CHG-1234, compared with the request".',
    exitCode: EXIT.badInput,
  });
