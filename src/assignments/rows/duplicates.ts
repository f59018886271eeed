import { hash } from 'node:crypto';
import { aboutKey } from './about.ts';
import type { Change } from './change.ts';
import { DigestTable } from '../values/digestTable.ts';
import { FILTER_TYPE } from '../targets/filter.ts';
import { isJsonObject } from '../values/json.ts';
import { plainTypeName } from '../targets/odataTypes.ts';
import { patchBody } from '../changes/request.ts';

/** The line of an earlier row for the same assignment, and whether it wants the same. */
export interface Earlier {
  readonly line: number;
  readonly same: boolean;
}

/** Remembers what each row is about, and in a few numbers what it wants. */
export class Duplicates {
  /** Of each: the line of the first row about it, and 32 bits of the desired state's hash. */
  readonly #table = new DigestTable(2);

  /** The first earlier row about the same as the change, if there is one; else the change is remembered. */
  seen(change: Change): Earlier | undefined {
    const desired = Number.parseInt(hash('sha256', desiredKey(change), 'hex').slice(0, 8), 16);
    const entry = this.#table.of(aboutKey(change));
    const [line = 0, earlier] = entry;
    if (line !== 0) return { line, same: earlier === desired };
    entry.set([change.line, desired]);
    return undefined;
  }
}

/**
 * Equal for two changes that want the same, whatever the letter case of ids, the order of properties, and the spelling of
 * types and of "no filter". What only repeats the address does not count.
 */
export function desiredKey(change: Change): string {
  const expected = change.desired === undefined ? change.expected : undefined;
  const named = [change.from, ...(expected === undefined ? [] : [expected])].map((each) =>
    JSON.stringify(each),
  );
  return `${named.join(' ')} ${desiredKeyIn(change)}`.toLowerCase();
}

function desiredKeyIn(change: Change): string {
  if (change.desired === undefined) return '';
  const { '@odata.type': _type, id: _id, ...desired } = patchBody(change, undefined);
  const keepsFilter = change.desired.kind === 'described' && change.desired.filter.kind === 'keep';
  return `${keepsFilter} ${stableText(desired)}`;
}

function stableText(value: unknown): string {
  if (!isJsonObject(value)) return JSON.stringify(value);
  const members = Object.entries(value)
    .filter(([name, inner]) => inner !== null && !(name === FILTER_TYPE && inner === 'none'))
    .map(([name, inner]) => [name, name === '@odata.type' ? plainTypeName(inner) : inner] as const)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, inner]) => `${JSON.stringify(name)}:${stableText(inner)}`).join(',')}}`;
}
