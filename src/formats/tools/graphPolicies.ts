import { kindOfCollection, KINDS } from '../../assignments/kinds/registry.ts';
import type { InputColumn } from '../../assignments/rows/columns.ts';
import type { CellPlaces, Fault, Problem } from '../../assignments/rows/row.ts';
import { targetTypeNamed } from '../../assignments/rows/writtenTarget.ts';
import { FILTER_ID, FILTER_TYPE } from '../../assignments/targets/filter.ts';
import { isJsonObject, type JsonObject } from '../../assignments/values/json.ts';
import { valueFault } from '../cells.ts';
import type { FileFacts, ReadingOptions } from '../fileFacts.ts';
import type { JsonRecord } from '../jsonRecord.ts';
import type { Place } from '../place.ts';
import type { RowRead } from '../read.ts';
import { statedRow, type StatedColumns, type StatedTarget } from './stated.ts';
import type { StatedAction } from '../../assignments/rows/takenFor.ts';
import type { ToolCell, ToolRow } from './tableTool.ts';

/** What is known of a policy before its own members are read: by the `@odata.context` around it. */
export interface Around {
  readonly collection?: string;
  readonly policyId?: string;
  /** The list is behind the policy, not its own. */
  readonly isNested?: boolean;
  /** It stands in a list as Graph's answers have. */
  readonly isList?: boolean;
}

const CONTEXT =
  /#(?:deviceManagement|deviceAppManagement)\/(\w+)(?:\((?:'([^']*)'|[^)]*)\)|\/\$entity)?(?:\/(.*))?/i;

/** What an `@odata.context` says: `…#deviceManagement/deviceConfigurations('id')/microsoft.graph.x/assignments`. */
export function around(context: unknown): Around {
  const [, collection, policyId, path = ''] = (typeof context === 'string' && CONTEXT.exec(context)) || [];
  if (collection === undefined) return {};
  // A cast says what the policy is; any other segment leads away from it.
  const isNested = path
    .split('/')
    .some((segment) => !/^(?:microsoft\.graph\.\w+|assignments.*|\$entity|)$/.test(segment));
  return { collection, ...(policyId !== undefined && { policyId }), isNested };
}

/** Whether an object is a policy with its assignments, as Graph, Intune-Toolkit, IntuneManagement and IntuneCD write it. */
export const isPolicy = (value: JsonObject): boolean =>
  Array.isArray(value['assignments']) &&
  [value['id'], nameOf(value)].some((text) => typeof text === 'string');

const nameOf = ({ displayName, name }: JsonObject): unknown => displayName ?? name;

/** An assignment, which tells nothing of its policy. */
export const isAssignment = (value: JsonObject): boolean => isJsonObject(value['target']);

/** What reads objects of Graph's: it tells `facts` what it takes the file for. */
export interface GraphReading {
  readonly facts: FileFacts;
  readonly action: ReadingOptions['action'];
}

/** The rows of a policy: one for each of its assignments. */
export function rowsOfPolicy(
  record: JsonRecord,
  value: JsonObject,
  outer: Around,
  reading: GraphReading,
): readonly RowRead[] {
  const own = { ...outer, ...around(value['@odata.context']), ...around(value['assignments@odata.context']) };
  const entries = value['assignments'] as readonly unknown[]; // a list, by `isPolicy`
  const policy = policyCells(value, own);
  if (entries.length === 0) {
    reading.facts.passOver('unassigned');
    reading.facts.takeFor(POLICIES, undefined);
  }
  const places = placesOf(record, entries.length);
  return entries.flatMap((entry, i) =>
    rowsOfEntry(isJsonObject(entry) ? entry : {}, policy, own, places[i] ?? record.place, reading),
  );
}

/** The row of an assignment that stands alone, of the policy that its surroundings name. */
export const rowsOfAssignment = (
  record: JsonRecord,
  value: JsonObject,
  outer: Around,
  reading: GraphReading,
): readonly RowRead[] =>
  rowsOfEntry(value, policyCells({ id: outer.policyId }, outer), outer, record.place, reading);

const POLICIES = 'policies with their assignments, as Graph shows them';

function policyCells(value: JsonObject, { collection }: Around): readonly ToolCell[] {
  const kind = collection === undefined ? undefined : kindOfCollection(collection);
  const written: readonly (readonly [InputColumn, unknown])[] = [
    ['policyType', collection],
    ['policyId', value['id']],
    ['policyName', nameOf(value)],
    ['platform', kind?.platformOf(value)],
  ];
  return written.flatMap(([column, text]) =>
    typeof text === 'string' && text.trim() !== '' ? [[column, text.trim(), ''] as const] : [],
  );
}

/** Where each assignment of a policy stands, by the target that each has; empty when one has none. */
function placesOf(record: JsonRecord, count: number): readonly Place[] {
  const members = record.members();
  const list = members.findLast(({ depth, key }) => depth === 1 && key === 'assignments');
  const end = members.find(({ depth, keyAt }) => depth === 1 && keyAt > (list?.keyAt ?? 0))?.keyAt;
  const targets = members.filter(
    ({ depth, key, keyAt }) =>
      depth === 3 && key === 'target' && keyAt > (list?.keyAt ?? 0) && keyAt < (end ?? Infinity),
  );
  return targets.length === count ? targets.map(({ keyAt }) => record.placeAt(keyAt)) : [];
}

function rowsOfEntry(
  entry: JsonObject,
  policy: readonly ToolCell[],
  { isNested, collection }: Around,
  place: Place,
  { facts, action }: GraphReading,
): readonly RowRead[] {
  if (entry['source'] === 'policySets') {
    facts.passOver('ofPolicySet');
    facts.takeFor(POLICIES, undefined);
    return [];
  }
  const id = typeof entry['id'] === 'string' ? entry['id'] : '';
  const doing = action ?? (id === '' ? 'add' : 'setById');
  facts.takeFor(POLICIES, doing);
  const isKnown = collection === undefined || kindOfCollection(collection) !== undefined;
  const said = !isKnown ? otherKind(collection) : isNested === true ? NESTED : cellsOf(entry, id, doing);
  const cells = new Map<InputColumn, unknown>();
  for (const [column, value] of [...policy, ...('message' in said ? [] : said)]) {
    cells.set(column, value);
    facts.columns.add(column);
  }
  const fault =
    'message' in said ? said : [...cells.values()].map(valueFault).find((each) => each !== undefined);
  const problems: Problem[] = fault === undefined ? [] : [{ ...place, name: 'assignments', ...fault }];
  const places: CellPlaces = { column: place.column, placeOf: (of) => (cells.has(of) ? place : undefined) };
  return [{ kind: 'row', row: { line: place.line, cells, places }, problems }];
}

const otherKind = (collection: string): Fault => ({
  message: `This version does not know the kind of this policy (${collection}); it knows ${KINDS.map(({ label }) => label.many).join(', ')}.`,
  remedy: 'Take such policies out of the file, or leave them out with --skip-invalid.',
});
const NESTED = {
  message: 'The list is behind a policy, as that of a certificate is.',
  remedy: 'Write rows with url or via for it; `retarget export` writes those of the policies themselves.',
};
const NO_TARGET = {
  message: 'The assignment has no target.',
  remedy: 'Ask Graph for the policy with $expand=assignments.',
};
const REMOVES_BY_ID = {
  message: 'What this is assigned to has no words of ours, and it has no id, so nothing can name it.',
  remedy: 'Take the assignment out of the file; `retarget export` writes it with its id.',
};

/** What an assignment carries that columns of ours say. */
const SAID = ['id', 'target', 'intent', 'source', 'sourceId'];
/** What a target of groups or of everybody has, Graph's own and IntuneCD's. */
const SAID_OF_TARGET = [
  '@odata.type',
  'groupId',
  'groupName',
  'groupType',
  'membershipRule',
  FILTER_ID,
  FILTER_TYPE,
];

/** Columns of ours where they say all of it, so that names can be put in; otherwise the whole as Graph shows it. */
function cellsOf(
  entry: JsonObject,
  id: string,
  action: StatedAction | 'setById',
): readonly ToolCell[] | Fault {
  const { target } = entry;
  if (!isJsonObject(target)) return NO_TARGET;
  const type = statedType(target);
  const isSaid = isNothingBut(entry, SAID) && isNothingBut(target, SAID_OF_TARGET);
  if (type !== undefined && isSaid) {
    const row = asToolRow(entry, target);
    if (action !== 'setById') return statedRow(row, type, COLUMNS, action);
    const [, ...desired] = statedRow(row, type, COLUMNS, 'add');
    return [['assignmentId', id, ''], ...desired];
  }
  const named: readonly ToolCell[] = id === '' ? [] : [['assignmentId', id, '']];
  if (action === 'remove') return id === '' ? REMOVES_BY_ID : [['action', 'remove', ''], ...named];
  // Where it comes from is Graph's to say, and not of every kind.
  const { id: _id, source: _source, sourceId: _sourceId, ...body } = entry;
  const whole: ToolCell = isNothingBut(entry, SAID) ? ['target', target, ''] : ['body', body, ''];
  return action === 'add' ? [['action', 'add', ''], whole] : [...named, whole];
}

function statedType(target: JsonObject): StatedTarget | undefined {
  const type = targetTypeNamed(String(target['@odata.type']));
  switch (type) {
    case 'group':
    case 'exclusionGroup':
    case 'allDevices':
    case 'allLicensedUsers':
      return type;
    default:
      return undefined;
  }
}

const isNothingBut = (object: JsonObject, names: readonly string[]): boolean =>
  Object.entries(object).every(
    ([name, value]) => names.includes(name) || value === null || /.@odata\.|^@odata\./.test(name),
  );

const COLUMNS: StatedColumns = {
  ...{ target: 'target', groupId: 'groupId', groupName: 'groupName' },
  ...{ filterId: FILTER_ID, filterType: FILTER_TYPE, intent: 'intent' },
};

function asToolRow(entry: JsonObject, target: JsonObject): ToolRow {
  return {
    text(name) {
      const value = name === 'intent' ? entry['intent'] : target[name];
      return typeof value === 'string' ? value.trim() : '';
    },
  };
}
