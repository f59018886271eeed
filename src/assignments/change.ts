import { closestTo } from './closest.ts';
import type { InputColumn } from './columns.ts';
import { idFault, sameId } from './ids.ts';
import { isJsonObject, type JsonObject } from './json.ts';
import {
  addressFromParts,
  addressFromUrl,
  POLICY_TYPES,
  type Address,
  type ApiVersion,
  type PolicyType,
} from './policyKinds.ts';
import type { Problem, Row } from './row.ts';
import {
  plainTypeName,
  rawTargetFault,
  TARGET_COLUMNS,
  TARGET_KINDS,
  TARGET_TYPES,
  targetTypeNamed,
  type Filter,
  type Target,
  type TargetType,
} from './target.ts';

export type Intent = 'apply' | 'remove';
export type Source = 'direct' | 'policySets';

/** A valid wish: this assignment, that target. */
export interface Change {
  readonly line: number;
  readonly address: Address;
  readonly wish: Wish;
}

export type Wish =
  | {
      readonly kind: 'described';
      readonly target: Target;
      readonly filter: Filter;
      readonly intent?: Intent;
      readonly source?: Source;
      readonly sourceId?: string;
    }
  /** A whole PATCH body in Graph's own shape, sent as given. */
  | { readonly kind: 'raw'; readonly body: JsonObject };

/** What of the run decides how a row reads. */
export interface ReadingRules {
  /** Root and version that absolute URLs may have. */
  readonly root: string;
  readonly apiVersion: ApiVersion;
  /** Without the look nothing can be kept, so a blank filter would be a guess. */
  readonly blind: boolean;
}

/** A row as a change, or every problem it has. */
export function changeFrom(
  row: Row,
  rules: ReadingRules,
): { change: Change } | { problems: readonly Problem[] } {
  const reader = new RowReader(row, rules);
  const address = readAddress(reader);
  readAction(reader);
  const wish = address && readWish(reader, address);
  return reader.problems.length === 0 && address && wish
    ? { change: { line: row.line, address, wish } }
    : { problems: reader.problems };
}

/** The policy of a row that may have problems elsewhere, as far as it can be read: whole policies are left out, not rows. */
export function addressOf(row: Row, rules: ReadingRules): Address | undefined {
  return readAddress(new RowReader(row, rules));
}

/** Reads cells of one row and gathers what is wrong with them. */
class RowReader {
  readonly problems: Problem[] = [];
  readonly row: Row;
  readonly rules: ReadingRules;

  constructor(row: Row, rules: ReadingRules) {
    this.row = row;
    this.rules = rules;
  }

  has(column: InputColumn): boolean {
    return this.row.cells.has(column);
  }

  problem(column: InputColumn | undefined, message: string, remedy: string): undefined {
    const cell = column === undefined ? undefined : this.row.cells.get(column);
    this.problems.push({
      line: this.row.line,
      column: cell?.column ?? this.row.column,
      ...(column !== undefined && { name: column }),
      message,
      remedy,
    });
    return undefined;
  }

  /** The cell's text; numbers are taken as their text, since spreadsheets and JSON writers turn one into the other. */
  text(column: InputColumn): string | undefined {
    const value = this.row.cells.get(column)?.value;
    if (value === undefined) return undefined;
    if (typeof value === 'string') return value;
    if (typeof value === 'number') return String(value);
    return this.problem(column, `${column} is ${kindOf(value)}, not text`, 'write it as text');
  }

  id(column: InputColumn): string | undefined {
    const text = this.text(column);
    const fault = text === undefined ? undefined : idFault(text);
    return fault === undefined
      ? text
      : this.problem(column, `the id "${text}" ${fault}`, 'write the id alone, as Graph shows it, unescaped');
  }

  /** A cell that takes one of a few words, in any letter case. */
  choice<T extends string>(column: InputColumn, words: readonly T[]): T | undefined {
    const text = this.text(column);
    if (text === undefined) return undefined;
    const word = words.find((candidate) => candidate.toLowerCase() === text.toLowerCase());
    return word ?? this.problem(column, `"${text}" is no ${column}`, didYouMean(text, words));
  }

  /** A cell in Graph's own shape: an object in JSON input, JSON text in a CSV cell. */
  json(column: InputColumn): JsonObject | undefined {
    let value = this.row.cells.get(column)?.value;
    if (typeof value === 'string') {
      try {
        value = JSON.parse(value);
      } catch {
        return this.problem(
          column,
          `${column} is not valid JSON`,
          'write it as one JSON object, with its quotes doubled in a CSV cell',
        );
      }
    }
    return isJsonObject(value)
      ? value
      : this.problem(
          column,
          `${column} is ${kindOf(value)}, not a JSON object`,
          'write {"@odata.type": "#microsoft.graph.…", …}',
        );
  }
}

const kindOf = (value: unknown): string =>
  value === null
    ? 'null'
    : Array.isArray(value)
      ? 'a list'
      : typeof value === 'object'
        ? 'an object'
        : `a ${typeof value}`;

function didYouMean(written: string, words: readonly string[]): string {
  const guess = closestTo(written, words);
  return guess === undefined
    ? `write one of: ${words.join(', ')}`
    : `did you mean "${guess}"? One of: ${words.join(', ')}`;
}

const POLICY_TYPE_NAMES = [...POLICY_TYPES, 'deviceConfigurations', 'deviceCompliancePolicies'] as const;

const policyTypeNamed = (name: (typeof POLICY_TYPE_NAMES)[number]): PolicyType =>
  name === 'deviceConfigurations'
    ? 'deviceConfiguration'
    : name === 'deviceCompliancePolicies'
      ? 'deviceCompliancePolicy'
      : name;

function readAddress(reader: RowReader): Address | undefined {
  const parts = ['policyType', 'policyId', 'assignmentId', 'via'] as const;
  let address: ReturnType<typeof addressFromUrl>;
  if (reader.has('url')) {
    const extra = parts.find((part) => reader.has(part));
    if (extra !== undefined) {
      return reader.problem(
        extra,
        `${extra} and url both say where the assignment is`,
        `write url alone, or leave url blank`,
      );
    }
    const url = reader.text('url');
    if (url === undefined) return undefined;
    address = addressFromUrl(url, reader.rules);
  } else {
    const missing = (['policyType', 'policyId', 'assignmentId'] as const).filter((part) => !reader.has(part));
    for (const part of missing)
      reader.problem(
        part,
        `${part} is missing`,
        `fill in ${part}, or give url instead of the four address columns`,
      );
    const typeName = reader.choice('policyType', POLICY_TYPE_NAMES);
    const [policyId, assignmentId, via = ''] = [
      reader.text('policyId'),
      reader.text('assignmentId'),
      reader.text('via'),
    ];
    if (typeName === undefined || policyId === undefined || assignmentId === undefined) return undefined;
    address = addressFromParts({ policyType: policyTypeNamed(typeName), policyId, assignmentId, via });
  }
  if ('part' in address) return reader.problem(address.part, address.message, address.remedy);
  if (reader.rules.apiVersion === 'v1.0' && address.form.via.length > 0) {
    return reader.problem(
      reader.has('url') ? 'url' : 'via',
      'the nested forms need the beta API',
      'run with --api-version beta',
    );
  }
  return address;
}

/** Rows that add or remove go by another strategy, which is not there yet: refused, never taken for `set`. */
function readAction(reader: RowReader): void {
  const action = reader.text('action');
  if (action !== undefined && action.toLowerCase() !== 'set') {
    reader.problem('action', `the action "${action}" is not available`, 'write set, or leave action blank');
  }
  for (const column of ['fromTargetType', 'fromGroupId', 'fromFilterId'] as const) {
    if (reader.has(column)) {
      reader.problem(
        column,
        `${column} is not available`,
        'name the assignment by its assignmentId and leave this blank',
      );
    }
  }
}

function readWish(reader: RowReader, address: Address): Wish | undefined {
  if (reader.has('body')) return readRawBody(reader, address);
  if (reader.has('target')) return readRawTarget(reader, address);
  const target = readTarget(reader);
  const filter = readFilter(reader, target?.type);
  const extras = readExtras(reader, address);
  return target && filter && extras && { kind: 'described', target, filter, ...extras };
}

function readTarget(reader: RowReader): Target | undefined {
  const name = reader.text('targetType');
  if (name === undefined) {
    if (!reader.has('targetType'))
      reader.problem('targetType', 'targetType is missing', `write one of: ${TARGET_TYPES.join(', ')}`);
    return undefined;
  }
  const type = targetTypeNamed(name);
  if (type === 'abstract') {
    return reader.problem(
      'targetType',
      `${name} is abstract: Graph keeps no such target`,
      `write one of: ${TARGET_TYPES.join(', ')}`,
    );
  }
  if (type === undefined)
    return reader.problem('targetType', `"${name}" is no targetType`, didYouMean(name, TARGET_TYPES));
  const kind = TARGET_KINDS[type];
  if (!kind.apiVersions.includes(reader.rules.apiVersion)) {
    return reader.problem('targetType', `${type} targets need the beta API`, 'run with --api-version beta');
  }
  const before = reader.problems.length;
  for (const column of TARGET_COLUMNS) {
    const taken = kind.required.includes(column) || kind.optional.includes(column);
    if (!taken && reader.has(column)) {
      reader.problem(
        column,
        `a ${type} target takes no ${column}`,
        `leave ${column} blank, or change targetType`,
      );
    }
    if (kind.required.includes(column) && !reader.has(column)) {
      reader.problem(column, `a ${type} target needs ${column}`, `fill in ${column}`);
    }
  }
  const target = reader.problems.length === before ? targetOfType(reader, type) : undefined;
  return reader.problems.length === before ? target : undefined;
}

/** Called once the columns that the type takes are known to be there; `''` stands only where a problem was noted. */
function targetOfType(reader: RowReader, type: TargetType): Target {
  switch (type) {
    case 'group':
    case 'exclusionGroup':
      return { type, groupId: reader.id('groupId') ?? '' };
    case 'allDevices':
    case 'allLicensedUsers':
      return { type };
    case 'configurationManagerCollection':
      return { type, collectionId: reader.id('collectionId') ?? '' };
    case 'scopeTagGroup':
      return {
        type,
        scopeTagTargetType:
          reader.choice('scopeTagTargetType', ['none', 'user', 'device'] as const) ?? 'none',
        entraObjectId: reader.id('entraObjectId') ?? '',
      };
    case 'organizationalUnit': {
      const assignmentOverride = reader.choice('assignmentOverride', [
        'allowed',
        'denied',
        'unknown',
      ] as const);
      const versionNumber = readVersionNumber(reader);
      return {
        type,
        organizationalUnitId: reader.id('organizationalUnitId') ?? '',
        ...(assignmentOverride !== undefined && { assignmentOverride }),
        ...(versionNumber !== undefined && { versionNumber }),
      };
    }
  }
}

function readVersionNumber(reader: RowReader): number | undefined {
  const text = reader.text('versionNumber');
  if (text === undefined) return undefined;
  const number = Number(text);
  return /^\d+$/.test(text) && Number.isSafeInteger(number)
    ? number
    : reader.problem('versionNumber', `"${text}" is no whole number`, 'write digits only');
}

function readFilter(reader: RowReader, targetType: TargetType | undefined): Filter | undefined {
  const type = reader.choice('filterType', ['include', 'exclude', 'none'] as const);
  const id = reader.id('filterId');
  if ((reader.has('filterType') && type === undefined) || (reader.has('filterId') && id === undefined))
    return undefined;
  if (type === undefined && id === undefined) return keptFilter(reader, targetType);
  if (reader.rules.apiVersion === 'v1.0') {
    return reader.problem(
      type === undefined ? 'filterId' : 'filterType',
      'filters need the beta API',
      'run with --api-version beta',
    );
  }
  if (type === 'none') {
    return id === undefined
      ? { kind: 'none' }
      : reader.problem(
          'filterId',
          'filterType is none, yet there is a filterId',
          'leave filterId blank, or write include or exclude',
        );
  }
  if (type === undefined)
    return reader.problem('filterType', 'a filterId needs a filterType', 'write include or exclude');
  if (id === undefined)
    return reader.problem(
      'filterId',
      `filterType ${type} needs a filterId`,
      'fill in filterId, or write none',
    );
  if (targetType !== undefined && !TARGET_KINDS[targetType].takesFilter) {
    return reader.problem(
      'filterId',
      `a ${targetType} target takes no filter`,
      'leave filterId and filterType blank',
    );
  }
  return { kind: 'filter', id, type };
}

/** A blank filter keeps what the look finds; where there can be none, nothing is there to be kept. */
function keptFilter(reader: RowReader, targetType: TargetType | undefined): Filter | undefined {
  if (targetType !== undefined && !TARGET_KINDS[targetType].takesFilter) return { kind: 'none' };
  if (reader.rules.blind && reader.rules.apiVersion === 'beta') {
    return reader.problem(
      'filterType',
      'a blank filter means "keep it", which --blind can\'t',
      'write none, or include or exclude with a filterId, or run without --blind',
    );
  }
  return { kind: 'keep' };
}

/** `intent`, `source` and `sourceId` of rows that give no whole body. */
function readExtras(
  reader: RowReader,
  address: Address,
): { intent?: Intent; source?: Source; sourceId?: string } | undefined {
  const before = reader.problems.length;
  const isConfiguration = address.form.policyType === 'deviceConfiguration';
  for (const column of ['source', 'sourceId'] as const) {
    if (isConfiguration && reader.has(column)) {
      reader.problem(column, `${column} of a device configuration is read-only`, `leave ${column} blank`);
    }
  }
  if (!isConfiguration && reader.has('intent')) {
    reader.problem('intent', 'compliance policies have no intent', 'leave intent blank');
  }
  if (reader.rules.apiVersion === 'v1.0') {
    const beta = (['intent', 'source', 'sourceId'] as const).find((column) => reader.has(column));
    if (beta !== undefined) reader.problem(beta, `${beta} needs the beta API`, 'run with --api-version beta');
  }
  const intent = reader.choice('intent', ['apply', 'remove'] as const);
  const source = reader.choice('source', ['direct', 'policySets'] as const);
  const sourceId = reader.text('sourceId');
  if (reader.problems.length > before) return undefined;
  return {
    ...(intent && { intent }),
    ...(source && { source }),
    ...(sourceId !== undefined && { sourceId }),
  };
}

/** `target` in Graph's own shape becomes a whole body around it; the columns beside it go in as usual. */
function readRawTarget(reader: RowReader, address: Address): Wish | undefined {
  if (!onlyRaw(reader, 'target', [...TARGET_COLUMNS, 'targetType', 'filterId', 'filterType']))
    return undefined;
  const target = reader.json('target');
  const extras = readExtras(reader, address);
  if (target === undefined || extras === undefined) return undefined;
  const fault = rawTargetFault(target, reader.rules.apiVersion);
  if (fault !== undefined) return reader.problem('target', fault.message, fault.remedy);
  return { kind: 'raw', body: { '@odata.type': address.form.assignmentType, ...extras, target } };
}

function readRawBody(reader: RowReader, address: Address): Wish | undefined {
  const beside = [
    ...TARGET_COLUMNS,
    'targetType',
    'filterId',
    'filterType',
    'intent',
    'source',
    'sourceId',
    'target',
  ] as const;
  if (!onlyRaw(reader, 'body', beside)) return undefined;
  const body = reader.json('body');
  if (body === undefined) return undefined;
  const fault = rawBodyFault(body, address, reader.rules.apiVersion);
  return fault === undefined ? { kind: 'raw', body } : reader.problem('body', fault.message, fault.remedy);
}

function onlyRaw(reader: RowReader, raw: 'target' | 'body', beside: readonly InputColumn[]): boolean {
  const extra = beside.find((column) => reader.has(column));
  if (extra === undefined) return true;
  reader.problem(
    extra,
    `${extra} and ${raw} both say what is wished`,
    `leave ${extra} blank, or leave ${raw} blank`,
  );
  return false;
}

/** What is wrong with a body that is to be sent as given; undefined when each part is documented. */
function rawBodyFault(
  body: JsonObject,
  address: Address,
  apiVersion: ApiVersion,
): { message: string; remedy: string } | undefined {
  const isConfiguration = address.form.policyType === 'deviceConfiguration';
  const allowed = [
    '@odata.type',
    'id',
    'target',
    'source',
    'sourceId',
    ...(isConfiguration ? ['intent'] : []),
  ];
  const unknown = Object.keys(body).find((property) => !allowed.includes(property));
  if (unknown !== undefined) {
    return {
      message: `a ${address.form.policyType}Assignment has no property "${unknown}"`,
      remedy: `take it out; it has: ${allowed.join(', ')}`,
    };
  }
  const { '@odata.type': name, id, target, intent, source, sourceId } = body;
  if (name !== undefined && plainTypeName(name) !== plainTypeName(address.form.assignmentType)) {
    return {
      message: `"@odata.type" is ${JSON.stringify(name)}`,
      remedy: `write ${address.form.assignmentType}`,
    };
  }
  if (id !== undefined && !sameId(id, address.assignmentId)) {
    return {
      message: 'the body has the id of another assignment',
      remedy: 'take "id" out, or write the id that the URL has',
    };
  }
  const betaOnly = (['intent', 'source', 'sourceId'] as const).find((property) => property in body);
  if (apiVersion === 'v1.0' && betaOnly !== undefined) {
    return { message: `"${betaOnly}" needs the beta API`, remedy: 'run with --api-version beta' };
  }
  if (intent !== undefined && intent !== 'apply' && intent !== 'remove') {
    return { message: `"intent" is ${JSON.stringify(intent)}`, remedy: 'write apply or remove' };
  }
  if (source !== undefined && source !== 'direct' && source !== 'policySets') {
    return { message: `"source" is ${JSON.stringify(source)}`, remedy: 'write direct or policySets' };
  }
  if (sourceId !== undefined && sourceId !== null && typeof sourceId !== 'string') {
    return { message: '"sourceId" is not text', remedy: 'write it as text' };
  }
  return rawTargetFault(target, apiVersion);
}
