import type { PolicyKind } from '../assignments/kinds/registry.ts';
import { accessOf } from '../graph/auth/permission.ts';
import type { Identity } from './identity.ts';

/** Of some kinds those that this sign-in may read, as far as its token tells, and those that it may not. */
export interface ReadableKinds {
  readonly kinds: readonly PolicyKind[];
  readonly others: readonly PolicyKind[];
}

/** Where a token allows none of them they are all asked for, so that Graph says why not. */
export function readableKinds(
  kinds: readonly PolicyKind[],
  { signedIn }: Pick<Identity, 'signedIn'>,
): ReadableKinds {
  const mayRead = ({ permissions }: PolicyKind): boolean =>
    accessOf(signedIn?.claims, [permissions]) !== 'none';
  const readable = kinds.filter(mayRead);
  return readable.length === 0
    ? { kinds, others: [] }
    : { kinds: readable, others: kinds.filter((kind) => !mayRead(kind)) };
}
