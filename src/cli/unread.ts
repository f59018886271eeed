import { EXIT, UserError } from '../errors.ts';
import type { NotRead } from '../graph/reading.ts';
import type { Identity } from './identity.ts';

type Unread = Extract<NotRead, { kind: 'unread' | 'signIn' }>;

/** @throws UserError (exit 4) when Graph gave no answer, or refused the sign-in: then nothing else will be answered either. */
export function expectRead<T extends { readonly kind: string }>(
  read: T | Unread,
  identity: Identity,
): asserts read is Exclude<T, Unread> {
  if (read.kind === 'unread') throw unreadable(identity, (read as Extract<Unread, { kind: 'unread' }>).why);
  if (read.kind === 'signIn')
    throw notSignedIn(identity, (read as Extract<Unread, { kind: 'signIn' }>).error.message);
}

const unreadable = (identity: Identity, why: string): UserError =>
  new UserError(`Graph at ${identity.config.graphUrl} can't be read: ${why}.`, {
    remedy: 'Check the network and the proxy from this machine, then start again; nothing was queued.',
    exitCode: EXIT.environment,
  });

const notSignedIn = ({ isReadyToken, hint }: Identity, message: string): UserError =>
  new UserError(`Graph refused the sign-in: ${message}`, {
    remedy: isReadyToken
      ? 'Get a new token, set RETARGET_ACCESS_TOKEN to it, then start again; nothing was queued.'
      : `Run \`${hint('doctor')}\`: it tells what is wrong with the sign-in; nothing was queued.`,
    exitCode: EXIT.environment,
  });
