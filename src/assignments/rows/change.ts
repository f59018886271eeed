import { readAction, refuseDesired, type Action } from './action.ts';
import { EXPECTED_COLUMNS, namesWhatItWants, readExpected } from './expected.ts';
import { readExtras } from './extras.ts';
import { refuseEntry, refuseUnfit, refuseUnread, refuseUnwritten } from './fitsKind.ts';
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

/** What a row that removes must find; it is checked where the assignment is there. */
interface Expecting {
  readonly expected?: Desired;
}

/** A change that says what is to be there. */
export type DesiredChange = Named & { readonly action: 'set' | 'add'; readonly desired: Desired };

/** What a valid row wants: this assignment, that target; or none. */
export type Change =
  DesiredChange | (Named & Expecting & { readonly action: 'remove' | 'clear'; readonly desired: undefined });

/** A row as a change, or every problem it has. */
export function changeOf(
  row: InputRow,
  rules: ReadingRules,
): { change: Change } | { problems: readonly Problem[] } {
  const reader = new RowReader(row, rules);
  const action = readAction(reader);
  const isAsExported = action === 'add' && namesWhatItWants(row, rules);
  const written = readAddress(reader, isAsExported ? 'optional' : assignmentIdUse(reader, action));
  const address = written && isAsExported ? { ...written, assignmentId: '' } : written;
  refuseNested(reader, action, address);
  if (address !== undefined) {
    refuseUnread(reader, address);
    refuseUnwritten(reader, address);
  }
  const from = isAsExported ? undefined : readFromFor(action, reader);
  const desired = action && readDesiredFor(action, reader, address);
  const expected = action === 'remove' ? readExpectedFor(reader, address, from) : undefined;
  if (address !== undefined && desired !== undefined) {
    refuseUnfit(reader, address, desired);
    if (action === 'set' || action === 'add') refuseEntry(reader, address, action, desired);
  }
  const policyName = readPolicyName(reader);
  refuseUnseenNames(reader);
  if (reader.problems.length > 0) return { problems: reader.problems };
  if (address && action) {
    const named = { line: row.line, address, from, policyName };
    if (action === 'remove' || action === 'clear')
      return {
        change: { ...named, action, desired: undefined, ...(expected !== undefined && { expected }) },
      };
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

/** Names of groups and filters beside their ids, which a plan holds against the tenant. */
const BESIDE_IDS = [
  ['groupName', 'groupId', 'group'],
  ['fromGroupName', 'fromGroupId', 'group'],
  ['filterName', 'filterId', 'filter'],
  ['fromFilterName', 'fromFilterId', 'filter'],
] as const;

function refuseUnseenNames(reader: RowReader): void {
  if (!reader.rules.unplanned) return;
  for (const [name, id, what] of BESIDE_IDS)
    if (reader.has(name) && reader.has(id))
      reader.problem(
        name,
        `Without a plan nobody sees whether this is the name of the ${what}.`,
        `Leave ${name} blank, or leave --no-plan out.`,
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

const readFromFor = (action: Action | undefined, reader: RowReader): FromTarget | undefined =>
  action === 'add' || action === 'clear' ? refuseFrom(reader, action) : readFrom(reader);

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

/** Where the row has no other name, its target would be taken for one. */
function readExpectedFor(
  reader: RowReader,
  address: Address | undefined,
  from: FromTarget | undefined,
): Desired | undefined {
  const isNamed = namesByTarget(reader) || (address !== undefined && address.assignmentId !== '');
  if (isNamed && reader.has('targetType')) {
    refuseDesired(reader, 'remove', EXPECTED_COLUMNS);
    return readExpected(reader, address, from);
  }
  refuseDesired(reader, 'remove');
  return undefined;
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
    case 'clear':
      refuseDesired(reader, action);
      return undefined;
    case 'remove':
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
