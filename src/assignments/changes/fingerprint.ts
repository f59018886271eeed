import type { CurrentAssignment } from './current.ts';
import { hash } from 'node:crypto';
import { canonicalAssignment, canonicalList } from './canonical.ts';

/** Digits of a fingerprint: 64 bits, against accidents and not against somebody who wants two to agree. */
const HEX_DIGITS = 16;

const fingerprint = (text: string): string => hash('sha256', text, 'hex').slice(0, HEX_DIGITS);

/** The fingerprint of what could not be read: nothing that is there later is as planned. */
export const UNREAD = 'f'.repeat(HEX_DIGITS);

/** What one assignment, or its absence, looks like: equal for two readings that mean the same. 16 hexadecimal digits. */
export const fingerprintOf = (current: CurrentAssignment | undefined): string =>
  fingerprint(current === undefined ? '' : canonicalAssignment(current));

/** The same of a policy's whole list, whatever its order. */
export const fingerprintOfList = (assignments: readonly CurrentAssignment[]): string =>
  fingerprint(canonicalList(assignments));
