import { GUARD_KINDS, type GuardKind } from './finding.ts';
import { quoted } from '../values/quoted.ts';
import type { Fault } from '../rows/row.ts';
import { didYouMean } from '../rows/rowReader.ts';

/** How many findings of each kind somebody has read and takes responsibility for. */
export type Allowed = ReadonlyMap<GuardKind, number>;

/** A kind of which not exactly so many were found as were allowed. */
export interface Blocked {
  readonly kind: GuardKind;
  readonly found: number;
  readonly allowed: number;
}

/**
 * Reads the values of `--allow`: `all-devices=3`, several separated by commas. Counts are needed, and are exact, so that an
 * allowance is for what was read and nothing else; only `no-undo` goes without. Of two for one kind the later counts, as the
 * one that was read last.
 */
export function parseAllow(texts: readonly string[]): Allowed | Fault {
  const allowed = new Map<GuardKind, number>();
  for (const text of texts.flatMap((each) => each.split(','))) {
    if (text.trim() === '') continue;
    const entry = allowEntry(text.trim());
    if ('message' in entry) return entry;
    allowed.set(entry.kind, entry.count);
  }
  return allowed;
}

function allowEntry(text: string): { kind: GuardKind; count: number } | Fault {
  const [name = '', count] = text.split(/\s*=\s*/, 2);
  const kind = GUARD_KINDS.find((each) => each === name.toLowerCase());
  if (kind === undefined)
    return {
      message: `There is nothing called ${quoted(name)} to be allowed.`,
      remedy: didYouMean(name, GUARD_KINDS),
    };
  if (NEVER_ALLOWED.includes(kind))
    return {
      message: `${kind} can't be allowed: an assignment to a group that does not exist reaches nobody.`,
      remedy: 'Correct the ids, or take these rows out.',
    };
  if (count === undefined && kind === 'no-undo') return { kind, count: Infinity };
  const number = Number(count);
  if (count !== undefined && /^\d+$/.test(count) && Number.isSafeInteger(number))
    return { kind, count: number };
  return {
    message:
      count === undefined ? `How many ${kind} are allowed is not said.` : `${quoted(count)} is no count.`,
    remedy: `Write --allow ${kind}=N, where N is how many the plan shows.`,
  };
}

/** Nobody wants them: a mistyped id, or the file of another tenant. */
const NEVER_ALLOWED: readonly GuardKind[] = ['group-missing'];

export const isNeverAllowed = (kind: GuardKind): boolean => NEVER_ALLOWED.includes(kind);

/** The kinds that block, in the order in which they are shown. */
export const blockedBy = (found: ReadonlyMap<GuardKind, number>, allowed: Allowed): Blocked[] =>
  GUARD_KINDS.map((kind) => ({
    kind,
    found: found.get(kind) ?? 0,
    allowed: allowed.get(kind) ?? 0,
  })).filter(({ kind, found, allowed: count }) => found !== count && !(kind === 'no-undo' && found < count));

/** The option that lets exactly these through; put behind the earlier ones it takes their place. Undefined: none does. */
export function allowOption(blocked: readonly Blocked[]): string | undefined {
  if (blocked.some(({ kind }) => isNeverAllowed(kind))) return undefined;
  return `--allow ${blocked.map(({ kind, found }) => (kind === 'no-undo' ? kind : `${kind}=${found}`)).join(',')}`;
}
