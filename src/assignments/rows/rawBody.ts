import type { InputColumn } from './columns.ts';
import { readExtras } from './extras.ts';
import { sameId } from '../values/ids.ts';
import { isJsonObject, type JsonObject } from '../values/json.ts';
import { spellsType } from '../targets/odataTypes.ts';
import type { Address } from '../kinds/address.ts';
import type { ApiVersion } from '../values/apiVersion.ts';
import { shown } from '../values/quoted.ts';
import {
  isOneOf,
  isShownOnly,
  isUnreadable,
  plainRawTarget,
  rawTargetFault,
  unknownProperty,
  unreadable,
  wrongWord,
} from '../targets/rawTarget.ts';
import { NEEDS_BETA, type RowReader } from './rowReader.ts';
import type { Fault } from './row.ts';
import { TARGET_COLUMNS } from '../targets/target.ts';
import { EXTRA_COLUMNS, type Desired } from './desired.ts';
import type { OwnField } from '../kinds/kind.ts';

const TARGET_IN_COLUMNS = ['targetType', ...TARGET_COLUMNS, 'filterId', 'filterType'] as const;

/** `target` in Graph's own shape becomes a whole body around it; the columns beside it go in as usual. */
export function readRawTarget(reader: RowReader, address: Address | undefined): Desired | undefined {
  refuseBeside(reader, 'target', TARGET_IN_COLUMNS);
  const given = reader.json('target');
  const target = given && plainRawTarget(given);
  const extras = readExtras(reader, address?.kind);
  const fault = target && rawTargetFault(target, reader.rules.apiVersion);
  if (fault !== undefined) return reader.fault('target', fault);
  if (target === undefined || extras === undefined || address === undefined) return undefined;
  return { kind: 'raw', body: { '@odata.type': address.kind.assignmentType, ...extras, target } };
}

/** A whole `body` in Graph's own shape. */
export function readRawBody(reader: RowReader, address: Address | undefined): Desired | undefined {
  refuseBeside(reader, 'body', [...TARGET_IN_COLUMNS, 'target', ...EXTRA_COLUMNS]);
  const given = reader.json('body');
  if (given === undefined || address === undefined) return undefined;
  if (reader.rules.restores) return { kind: 'raw', body: given };
  const body = plainBody(given);
  const fault = rawBodyFault(body, address, reader.rules.apiVersion);
  return fault === undefined ? { kind: 'raw', body } : reader.fault('body', fault);
}

const BODY = ['@odata.type', 'id', 'target', ...EXTRA_COLUMNS];

/** A body as it was given, but for what Graph shows and does not take back. */
function plainBody(body: JsonObject): JsonObject {
  const kept = Object.entries(body).filter(([property, value]) => !isShownOnly(property, value, BODY));
  const plain = kept.length === Object.keys(body).length ? body : Object.fromEntries(kept);
  const target = plain['target'];
  const plainTarget = isJsonObject(target) ? plainRawTarget(target) : target;
  return plainTarget === target ? plain : { ...plain, target: plainTarget };
}

function refuseBeside(reader: RowReader, raw: 'target' | 'body', columns: readonly InputColumn[]): void {
  for (const column of columns) {
    if (reader.has(column))
      reader.problem(
        column,
        `${column} and ${raw} both say what is wanted.`,
        `Leave ${column} or ${raw} blank.`,
      );
  }
}

/** What is wrong with a body that is to be sent as given; undefined when each part is documented. */
function rawBodyFault(body: JsonObject, address: Address, apiVersion: ApiVersion): Fault | undefined {
  const { policyType, assignmentType, ownFields } = address.kind;
  const known = ['@odata.type', 'id', 'target', ...ownFields.map(({ name }) => name)];
  const unknown = unknownProperty(body, known, `An assignment of a ${policyType}`);
  if (unknown !== undefined) return unknown;
  const { '@odata.type': type, id, target } = body;
  if (type !== undefined && !spellsType(type, assignmentType))
    return { message: `"@odata.type" is ${shown(type)}.`, remedy: `Write "${assignmentType}".` };
  if (id !== undefined && !sameId(id, address.assignmentId)) {
    return {
      message: 'The body has the id of another assignment.',
      remedy: 'Take "id" out, or write the one that the row is for.',
    };
  }
  const given = ownFields.filter(({ name }) => body[name] !== undefined);
  const [betaOnly] = given;
  if (apiVersion === 'v1.0' && betaOnly !== undefined)
    return { message: `Only the beta API has "${betaOnly.name}".`, remedy: NEEDS_BETA };
  for (const field of given) {
    const fault = ownFieldFault(field, body[field.name]);
    if (fault !== undefined) return fault;
  }
  return rawTargetFault(target, apiVersion);
}

function ownFieldFault({ name, takes }: OwnField, value: unknown): Fault | undefined {
  if (value === null && typeof takes !== 'object') return undefined;
  if (takes === 'json')
    return isJsonObject(value)
      ? undefined
      : { message: `"${name}" is no JSON object.`, remedy: 'Write it as Graph shows it.' };
  if (takes === 'boolean')
    return typeof value === 'boolean'
      ? undefined
      : { message: `"${name}" is ${shown(value)}.`, remedy: 'Write true or false.' };
  if (takes !== 'text') return isOneOf(value, takes) ? undefined : wrongWord(name, value, takes);
  if (typeof value !== 'string') return { message: `"${name}" is not text.`, remedy: 'Write it as text.' };
  return isUnreadable(value) ? unreadable(name) : undefined;
}
