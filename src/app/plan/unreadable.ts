import { EXIT, UserError } from '../../errors.ts';
import type { NotRead, Unread } from '../../graph/reads/reading.ts';
import type { Identity } from '../identity.ts';

type SignInRefused = Extract<NotRead, { kind: 'signIn' }>;

/** @throws UserError (exit 4) when Graph gave no answer, or refused the sign-in: then nothing else will be answered either. */
export function expectRead<T extends { readonly kind: string }>(
  read: T | Unread | SignInRefused,
  identity: Identity,
): asserts read is Exclude<T, Unread | SignInRefused> {
  if (read.kind === 'unread') throw unreadable(identity, read as Unread);
  if (read.kind === 'signIn') throw notSignedIn(identity, (read as SignInRefused).error.message);
}

/**
 * That one kind of policies is answered with an error says nothing of the others.
 * @throws UserError (exit 4) as `expectRead`, when the kind was not answered at all
 */
export function expectKindAnswered<T extends { readonly kind: string }>(
  read: T | SignInRefused,
  identity: Identity,
): asserts read is Exclude<T, SignInRefused> {
  const { status, refusedBy } = read as Partial<Unread>;
  if (read.kind !== 'unread' || status === undefined || refusedBy !== undefined) expectRead(read, identity);
}

const unreadable = (
  identity: Identity,
  { why, remedy = NETWORK }: Pick<Unread, 'why' | 'remedy'>,
): UserError =>
  new UserError(`Graph at ${identity.config.graphUrl} can't be read: ${why}.`, {
    remedy: `${remedy} Then start again; nothing was queued or written.`,
    exitCode: EXIT.environment,
  });

const NETWORK = 'Check the network and the proxy from this machine.';

/** Not one of the policies of a file could be read, as Graph refused each. */
export const nothingRead = (
  { status, error }: Extract<NotRead, { kind: 'refused' }>,
  { config, hint }: Identity,
): UserError =>
  new UserError(
    `Graph at ${config.graphUrl} lets no policy of the file be read (${status} ${error.code}: ${error.message}).`,
    {
      remedy: `Run \`${hint('doctor')}\`: it tells what the sign-in lacks. Then start again; nothing was queued or written.`,
      exitCode: EXIT.environment,
    },
  );

const notSignedIn = ({ isReadyToken, hint }: Identity, message: string): UserError =>
  new UserError(`Graph refused the sign-in: ${message}`, {
    remedy: isReadyToken
      ? 'Get a new token, set RETARGET_ACCESS_TOKEN to it, then start again; nothing was queued or written.'
      : `Run \`${hint('doctor')}\`: it tells what is wrong with the sign-in; nothing was queued or written.`,
    exitCode: EXIT.environment,
  });
