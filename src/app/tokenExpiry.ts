import { endsBefore } from '../graph/auth/claims.ts';
import { EXIT, UserError } from '../errors.ts';
import type { Identity } from './identity.ts';
import type { Plan } from './plan/plan.ts';
import { duration } from './words.ts';

/** What a run takes beyond what its writes need as the tenant takes them now: reads, throttling, the share of other apps. */
const SLACK_FACTOR = 1.5;
const SLACK_MS = 5 * 60_000;

export const RENEWED_SIGN_IN =
  'Sign in with what can be renewed instead: unset RETARGET_ACCESS_TOKEN and set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET (or AZURE_CLIENT_SECRET_FILE).';

/**
 * A ready token that nobody renews against the time that writes take. Answers a warning when it may end before they do.
 * @throws UserError (exit 4) when it ends before they possibly can
 */
export function warningOfTokenEnd(
  { isReadyToken, signedIn }: Identity,
  { secondsAtLeast, secondsAbout }: Pick<Plan, 'secondsAtLeast' | 'secondsAbout'>,
  now: number,
): string | undefined {
  const claims = signedIn?.claims;
  if (!isReadyToken || claims?.expiresAtMs === undefined) return undefined;
  const leastMs = secondsAtLeast * 1000;
  const aboutMs = Math.max(secondsAtLeast, secondsAbout) * 1000;
  const lasts = inWords(claims.expiresAtMs, now);
  if (endsBefore(claims, now + leastMs)) {
    throw new UserError(`The token ${lasts}, and the writes take at least ${duration(secondsAtLeast)}.`, {
      remedy: `${RENEWED_SIGN_IN} Nothing was queued.`,
      exitCode: EXIT.environment,
    });
  }
  return endsBefore(claims, now + aboutMs * SLACK_FACTOR + SLACK_MS)
    ? `The token ${lasts}: should it end before the run does, the run pauses, and goes on with \`retarget resume\` and a new token.`
    : undefined;
}

/** What a worker says at its start, which does not know what will come; undefined when the sign-in renews itself. */
export function noteOfTokenEnd({ isReadyToken, signedIn }: Identity, now: number): string | undefined {
  const end = signedIn?.claims?.expiresAtMs;
  if (!isReadyToken || end === undefined) return undefined;
  return `The token ${inWords(end, now)} and nobody renews it: runs pause then. ${RENEWED_SIGN_IN}`;
}

const inWords = (endMs: number, now: number): string =>
  endMs <= now
    ? `ended at ${new Date(endMs).toISOString()}`
    : `ends at ${new Date(endMs).toISOString()} (in ${duration((endMs - now) / 1000)})`;
