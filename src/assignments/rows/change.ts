import { readAction, refuseDesired, type Action } from './action.ts';
import { readExtras } from './extras.ts';
import { refuseUnfit, refuseUnread } from './fitsKind.ts';
import { FROM_COLUMNS, namesByTarget, readFrom, type FromTarget } from './fromTarget.ts';
import type { Address } from '../kinds/address.ts';
import { writesBy } from '../kinds/kind.ts';
import { readRawBody, readRawTarget } from './rawBody.ts';
import { RowReader, type ReadingRules } from './rowReader.ts';
import type { InputRow, Problem } from './row.ts';
import type { Desired } from './desired.ts';
import { readAddress, type AssignmentIdUse } from './writtenAddress.ts';
import { readFilter } from './writtenFilter.ts';
import { readTarget } from './writtenTarget.ts';

interface Named {
  readonly line: number;
  /** Without assignment id for `add` and `clear`, and where `from` alone names the current assignment. */
  readonly address: Address;
  /** The current assignment by its target. Where the address has an id as well, the two must agree. */
  readonly from: FromTarget | undefined;
  /** What the row calls the policy, to be held against what the tenant calls it. */
  readonly policyName: string | undefined;
}

/** A change that says what is to be there. */
export type DesiredChange = Named & { readonly action: 'set' | 'add'; readonly desired: Desired };

/** What a valid row wants: this assignment, that target; or none. */
export type Change =
  DesiredChange | (Named & { readonly action: 'remove' | 'clear'; readonly desired: undefined });

/** A row as a change, or every problem it has. */
export function changeOf(
  row: InputRow,
  rules: ReadingRules,
): { change: Change } | { problems: readonly Problem[] } {
  const reader = new RowReader(row, rules);
  const action = readAction(reader);
  const address = readAddress(reader, assignmentIdUse(reader, action));
  refuseNested(reader, action, address);
  if (address !== undefined) refuseUnread(reader, address);
  const from = action === 'add' || action === 'clear' ? refuseFrom(reader, action) : readFrom(reader);
  const desired = action && readDesiredFor(action, reader, address);
  if (address !== undefined && desired !== undefined) refuseUnfit(reader, address, desired);
  const policyName = readPolicyName(reader);
  if (reader.problems.length > 0) return { problems: reader.problems };
  if (address && action) {
    const named = { line: row.line, address, from, policyName };
    if (action === 'remove' || action === 'clear')
      return { change: { ...named, action, desired: undefined } };
    if (desired) return { change: { ...named, action, desired } };
  }
  throw new Error(`Line ${row.line} reads neither as a change nor as a problem.`); // it would vanish without a word
}

function readPolicyName(reader: RowReader): string | undefined {
  const name = reader.text('policyName');
  if (name === undefined || !reader.rules.unplanned) return name;
  return reader.problem(
    'policyName',
    'Without a plan nobody sees whether this is the name of the policy.',
    'Leave policyName blank, or leave --no-plan out.',
  );
}

function assignmentIdUse(reader: RowReader, action: Action | undefined): AssignmentIdUse {
  switch (action) {
    case 'set':
    case 'remove':
      return namesByTarget(reader) ? 'optional' : 'needed';
    case 'add':
    case 'clear':
      return 'refused';
    case undefined:
      return 'optional';
  }
}

function refuseFrom(reader: RowReader, action: 'add' | 'clear'): undefined {
  for (const column of FROM_COLUMNS) {
    if (reader.has(column))
      reader.problem(
        column,
        `The action ${action} is about no current assignment.`,
        `Leave ${column} blank, or write set or remove as action.`,
      );
  }
}

/** `assign` writes a policy's own list; the lists of the nested forms belong to another policy. */
function refuseNested(reader: RowReader, action: Action | undefined, address: Address | undefined): void {
  if (address === undefined || address.via.length === 0) return;
  const { strategy, restores } = reader.rules;
  if (action === 'set' && (writesBy(address.kind, strategy) === 'patch' || restores)) return;
  const what = action === 'set' ? 'The strategy assign' : `The action ${action}`;
  reader.problem(
    reader.has('url') ? 'url' : 'via',
    `${what} takes no nested form of address.`,
    'Name the certificate profile by its own policyId, without via.',
  );
}

function readDesiredFor(
  action: Action,
  reader: RowReader,
  address: Address | undefined,
): Desired | undefined {
  switch (action) {
    case 'set':
    case 'add':
      return readDesired(reader, address);
    case 'remove':
    case 'clear':
      refuseDesired(reader, action);
      return undefined;
  }
}

/** Without an address, what does not depend on it is read all the same, so that its problems are told at once. */
function readDesired(reader: RowReader, address: Address | undefined): Desired | undefined {
  if (reader.has('body')) return readRawBody(reader, address);
  if (reader.has('target')) return readRawTarget(reader, address);
  const target = readTarget(reader);
  const filter = readFilter(reader, target?.type);
  const extras = readExtras(reader, address?.kind);
  return target && filter && extras && { kind: 'described', target, filter, ...extras };
}
