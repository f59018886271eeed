import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { parsedExactly } from '../assignments/values/exactJson.ts';
import type { BeforeJson } from '../assignments/changes/decision.ts';
import type { WrittenList } from '../assignments/changes/writes.ts';
import { pack, unpack } from 'msgpackr';
import type { InputColumn } from '../assignments/rows/columns.ts';
import type { Called } from '../assignments/names/calledIds.ts';
import type { RowNames } from '../assignments/rows/names.ts';
import type { InputRow } from '../assignments/rows/row.ts';

type Columns = [InputColumn, unknown[]][];

const COUNT_BYTES = 2;
const GUID_BYTES = 16;
/** GUIDs that a blob can count; a row of more than this keeps the rest as text. */
const GUIDS_MAX = 0xffff;
const GUID_IN_TEXT = /[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/g;
// JSON text has no raw control characters, so these two can't be taken for anything else.
const NEXT_GUID = '\x01';
const KNOWN_GUID = '\x02';
const GUID_MARKS = new RegExp(`${NEXT_GUID}|${KNOWN_GUID}([0-9a-z]+),`, 'g');

/** A batch is a few kB: zlib's usual quarter of a megabyte of working memory for each would only be churned. */
const DEFLATE = { windowBits: 13, memLevel: 6, chunkSize: 4_096 } as const;

/**
 * Rows as bytes: the GUIDs in them as their 16 bytes, since they are most of it and nothing compresses them, then the rest
 * deflated. Column after column, as values of one kind compress best side by side. Blank cells are null: no cell holds null.
 */
export function encodeInputs(rows: readonly InputRow[]): Buffer {
  const names = [...new Set(rows.flatMap((row) => [...row.cells.keys()]))];
  const columns: Columns = names.map((name) => [name, rows.map((row) => row.cells.get(name) ?? null)]);
  return packJson([rows.map((row) => row.line), columns], (text) => deflateRawSync(text, DEFLATE));
}

/** JSON as bytes: how many GUIDs are in it, the 16 bytes of each, and the rest deflated. */
function packJson(value: unknown, deflated: (text: string) => Buffer): Buffer {
  const guids = new Map<string, number>();
  const text = JSON.stringify(value).replace(GUID_IN_TEXT, (guid) => {
    const known = guids.get(guid);
    if (known !== undefined) return `${KNOWN_GUID}${known.toString(36)},`;
    if (guids.size >= GUIDS_MAX) return guid;
    guids.set(guid, guids.size);
    return NEXT_GUID;
  });
  const count = guids.size.toString(16).padStart(4, '0');
  const head = Buffer.from(count + [...guids.keys()].join('').replaceAll('-', ''), 'hex');
  return Buffer.concat([head, deflated(text)]);
}

/** The text of rows without the GUIDs that stand apart in them: what a row says in other letters than Graph's is in it. */
export const inputsText = (blob: Buffer): string =>
  inflateRawSync(blob.subarray(COUNT_BYTES + GUID_BYTES * blob.readUInt16BE(0))).toString();

/** Whether one of the GUIDs that stand apart in rows, or in another value that was packed so, is meant. @param isMeant of 32 digits */
export function someGuid(blob: Buffer, isMeant: (digits: string) => boolean): boolean {
  const count = blob.readUInt16BE(0);
  const hex = blob.toString('hex', COUNT_BYTES, COUNT_BYTES + GUID_BYTES * count);
  for (let from = 0; from < hex.length; from += 2 * GUID_BYTES)
    if (isMeant(hex.slice(from, from + 2 * GUID_BYTES))) return true;
  return false;
}

/** The same of before-images. Graph writes ids in lower case, so that all of them stand apart. */
export function someGuidOfImages(
  blob: Buffer | null | undefined,
  isMeant: (digits: string) => boolean,
): boolean {
  for (const packedImage of framesOf(blob).values()) if (someGuid(packedImage, isMeant)) return true;
  return false;
}

export function decodeInputs(blob: Buffer): InputRow[] {
  const [lines, columns] = unpackJson(blob, (rest) => inflateRawSync(rest).toString()) as [number[], Columns];
  return lines.map((line, i) => {
    const cells = new Map<InputColumn, unknown>();
    for (const [name, values] of columns) if (values[i] !== null) cells.set(name, values[i]);
    return { line, cells };
  });
}

function unpackJson(blob: Buffer, inflated: (rest: Buffer) => string): unknown {
  const textAt = COUNT_BYTES + GUID_BYTES * blob.readUInt16BE(0);
  const hex = blob.toString('hex', COUNT_BYTES, textAt);
  let next = 0;
  const text = inflated(blob.subarray(textAt)).replace(GUID_MARKS, (_, known?: string) =>
    guidInHex(hex, 2 * GUID_BYTES * (known === undefined ? next++ : Number.parseInt(known, 36))),
  );
  return parsedExactly(text);
}

const bytesOfGuid = (guid: string): Buffer => Buffer.from(guid.replaceAll('-', ''), 'hex');

/** The GUID whose 32 digits stand at `from`. */
function guidInHex(hex: string, from = 0): string {
  const part = (start: number, end: number): string => hex.slice(from + start, from + end);
  return `${part(0, 8)}-${part(8, 12)}-${part(12, 16)}-${part(16, 20)}-${part(20, 32)}`;
}

/** The names of a batch as bytes, which compress well: the rows of a policy stand side by side. */
export const encodeNames = (names: readonly RowNames[]): Buffer =>
  deflateRawSync(
    JSON.stringify([
      names.map(({ policy }) => policy ?? null),
      names.map(({ platform }) => platform ?? null),
    ]),
    DEFLATE,
  );

/** The text of names, to be searched. */
export const namesText = (blob: Buffer | null | undefined): string =>
  blob?.length ? inflateRawSync(blob).toString() : '';

export function decodeNames(blob: Buffer | null | undefined): readonly RowNames[] {
  if (!blob?.length) return [];
  const [policies, platforms] = JSON.parse(inflateRawSync(blob).toString()) as (string | null)[][];
  return (policies ?? []).map((policy, i) => ({
    policy: policy ?? undefined,
    platform: platforms?.[i] ?? undefined,
  }));
}

/** Where the names of groups and filters stand among what is kept by batches. */
export const CALLED_FIELD = 'names';

/** The names of a run's groups and filters as bytes. */
export const encodeCalled = (names: Called): Buffer =>
  packJson(Object.entries(names), (text) => deflateRawSync(text, DEFLATE));

export const decodeCalled = (blob: Buffer): Called =>
  Object.fromEntries(
    unpackJson(blob, (rest) => inflateRawSync(rest).toString()) as [id: string, name: string][],
  );

/** The codes with which a plan saw rows of a batch refused, by place. */
export const encodeRefusals = (codes: readonly (string | undefined)[]): Buffer =>
  deflateRawSync(JSON.stringify(codes.map((code) => code ?? null)), DEFLATE);

export function decodeRefusals(blob: Buffer | null | undefined): readonly (string | undefined)[] {
  if (!blob?.length) return [];
  const codes = JSON.parse(inflateRawSync(blob).toString()) as (string | null)[];
  return codes.map((code) => code ?? undefined);
}

/** What there is to say of a row beyond its state. */
export interface Detail {
  readonly httpStatus?: number;
  readonly errorCode?: string;
  readonly errorMessage?: string;
  /** Time this row waited because the tenant was throttled, in ms. */
  readonly throttledMs?: number;
  readonly requestId?: string;
  readonly clientRequestId?: string;
  /** When the row settled or was last answered, ms since the epoch. */
  readonly at?: number;
  /** Not to be sent before, ms since the epoch. */
  readonly notBefore?: number;
  /** The id that the assignment has since it was written, where the tenant gave it another one. */
  readonly assignmentIdAfter?: string;
  /** What a tenant with Multi Admin Approval wants to see again with the write. */
  readonly approvalCode?: string;
  /** There is no further send: what the next read does not find has failed with the code and message that stand here. */
  readonly isLast?: true;
  /** How many read-backs have shown something else than was written. */
  readonly readBacks?: number;
  /** How many of them, one after the other up to the last, have shown neither that nor what was there before. */
  readonly otherReadBacks?: number;
  /** The fingerprint of the list that a read-back has seen, of which something was lost in the write. */
  readonly lossyList?: string;
  /** Graph has refused every send so far, of which it did nothing: none of them can land late. */
  readonly nothingDone?: true;
  /** The next read is the last one: what it does not find is given up. */
  readonly isLastRead?: true;
}

/** Besides `at`, in the order in which they are packed: what most rows have comes first. */
const DETAIL_FIELDS = [
  'httpStatus',
  'requestId',
  'clientRequestId',
  'throttledMs',
  'notBefore',
  'errorCode',
  'errorMessage',
  'assignmentIdAfter',
  'approvalCode',
  'isLast',
  'readBacks',
  'lossyList',
  'otherReadBacks',
  'isLastRead',
  'nothingDone',
] as const satisfies readonly (keyof Detail)[];

const GUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/;

/** GUIDs as their 16 bytes: they are most of what a row that went well has to say. */
const packed = (value: string | number | true | undefined): unknown =>
  typeof value === 'string' && GUID.test(value) ? bytesOfGuid(value) : (value ?? null);

function unpacked(value: unknown): string | number | true | undefined {
  if (value instanceof Uint8Array) return guidInHex(Buffer.from(value).toString('hex'));
  return typeof value === 'string' || typeof value === 'number' || value === true ? value : undefined;
}

/** Bytes of a detail before its fields: `at` (0: not said). */
const AT_BYTES = 6;
const LENGTH_IN_ONE_BYTE_MAX = 254;

/**
 * One detail as bytes. A batch's details are these bytes appended; the last word about a row counts. Each is a frame: its
 * length in one byte, or 255 and four bytes; the row's place; `at`; the other fields as MessagePack. The scripts read the
 * frames and not what is in them (details.lua).
 */
export function encodeDetail(row: number, detail: Detail): Buffer {
  const fields = DETAIL_FIELDS.map((field) => packed(detail[field]));
  while (fields.length > 0 && fields.at(-1) === null) fields.pop();
  const body = fields.length > 0 ? pack(fields) : Buffer.alloc(0);
  const at = Buffer.alloc(AT_BYTES);
  at.writeUIntBE(detail.at ?? 0, 0, AT_BYTES);
  return frame(row, at, body);
}

function frame(row: number, ...said: readonly Buffer[]): Buffer {
  const length = said.reduce((sum, { length: bytes }) => sum + bytes, 1);
  if (length <= LENGTH_IN_ONE_BYTE_MAX) return Buffer.concat([Buffer.of(length, row), ...said]);
  const long = Buffer.of(255, 0, 0, 0, 0, row);
  long.writeUInt32BE(length, 1);
  return Buffer.concat([long, ...said]);
}

/** What is said in each frame, by row; a later one about a row takes the place of an earlier one. */
const framesOf = (blob: Buffer | null | undefined): Map<number, Buffer> => new Map(allFramesOf(blob));

function* allFramesOf(blob: Buffer | null | undefined): Generator<readonly [row: number, said: Buffer]> {
  for (let start = 0; blob && start < blob.length;) {
    const isLong = blob.readUInt8(start) > LENGTH_IN_ONE_BYTE_MAX;
    const from = start + (isLong ? 5 : 1);
    const end = from + (isLong ? blob.readUInt32BE(start + 1) : blob.readUInt8(start));
    yield [blob.readUInt8(from), blob.subarray(from + 1, end)];
    start = end;
  }
}

/** The last detail of each row, by its place in the batch. */
export function decodeDetails(blob: Buffer | null | undefined): Map<number, Detail> {
  return new Map([...framesOf(blob)].map(([row, said]) => [row, detailIn(said)]));
}

/** Every detail of one row that is still there, the oldest first: a batch with much to say keeps the last of each row only. */
export const detailsOf = (blob: Buffer | null | undefined, place: number): Detail[] =>
  [...allFramesOf(blob)].flatMap(([row, said]) => (row === place ? [detailIn(said)] : []));

function detailIn(said: Buffer): Detail {
  const at = said.readUIntBE(0, AT_BYTES);
  const body = said.subarray(AT_BYTES);
  const fields: unknown = body.length > 0 ? unpack(body) : [];
  const values = Array.isArray(fields) ? fields.map(unpacked) : [];
  const entries = DETAIL_FIELDS.map((field, i) => [field, values[i]] as const);
  return Object.fromEntries(
    [...(at > 0 ? [['at', at] as const] : []), ...entries].filter(([, value]) => value !== undefined),
  );
}

const graph = (type: string): string => `#microsoft.graph.${type}`;
const filterOff = {
  deviceAndAppManagementAssignmentFilterId: null,
  deviceAndAppManagementAssignmentFilterType: 'none',
};

/**
 * What assignments look like, the commonest last, so that each compresses well by itself. It is part of the record's format: a
 * word changed here makes what was written unreadable.
 */
const IMAGE_DICTIONARY = Buffer.from(
  JSON.stringify([
    { source: 'policySets', sourceId: null, intent: 'remove' },
    { target: { '@odata.type': graph('configurationManagerCollectionAssignmentTarget'), collectionId: '' } },
    { deviceAndAppManagementAssignmentFilterType: 'exclude' },
    { deviceAndAppManagementAssignmentFilterType: 'include' },
    { target: { '@odata.type': graph('exclusionGroupAssignmentTarget'), groupId: '' } },
    { target: { '@odata.type': graph('allLicensedUsersAssignmentTarget'), ...filterOff } },
    { target: { '@odata.type': graph('allDevicesAssignmentTarget'), ...filterOff } },
    { '@odata.type': graph('deviceCompliancePolicyAssignment'), source: 'direct', sourceId: null },
    {
      '@odata.type': graph('deviceConfigurationAssignment'),
      id: '',
      intent: 'apply',
      source: 'direct',
      sourceId: '',
    },
    { target: { '@odata.type': graph('groupAssignmentTarget'), groupId: '', ...filterOff } },
  ]),
);

/** Wordings that are kept deflated, and the longest of them. */
const WORDINGS_MAX = 500;
const WORDING_CHARS_MAX = 4_000;

/** Without their GUIDs assignments read alike, so that most need not be deflated again. */
const deflatedWordings = new Map<string, Buffer>();

function deflatedWording(text: string): Buffer {
  const known = deflatedWordings.get(text);
  if (known !== undefined) return known;
  const deflated = deflateRawSync(text, { ...DEFLATE, dictionary: IMAGE_DICTIONARY });
  if (text.length > WORDING_CHARS_MAX) return deflated;
  if (deflatedWordings.size >= WORDINGS_MAX) deflatedWordings.clear();
  deflatedWordings.set(text, deflated);
  return deflated;
}

/** The same on the way back: whoever reads a whole run meets the same few wordings again and again. */
const inflatedWordings = new Map<string, string>();

function inflatedWording(rest: Buffer): string {
  const key = rest.toString('latin1');
  const known = inflatedWordings.get(key);
  if (known !== undefined) return known;
  const text = inflateRawSync(rest, { dictionary: IMAGE_DICTIONARY }).toString();
  if (text.length > WORDING_CHARS_MAX) return text;
  if (inflatedWordings.size >= WORDINGS_MAX) inflatedWordings.clear();
  inflatedWordings.set(key, text);
  return text;
}

/** One before-image as bytes: a frame like a detail's, with the JSON packed. */
export const encodeImage = (row: number, image: BeforeJson): Buffer =>
  frame(row, packJson(image, deflatedWording));

/** The last before-image of each row, by its place in the batch. */
export const decodeImages = (blob: Buffer | null | undefined): Map<number, BeforeJson> =>
  new Map(
    [...framesOf(blob)].map(([row, packed]) => [row, unpackJson(packed, inflatedWording) as BeforeJson]),
  );

/** A list that was written whole, under the place of the first row of its write; null: the row's last write was none of a list. */
export const encodeList = (row: number, list: WrittenList | null): Buffer =>
  frame(row, packJson(list, deflatedWording));

/** The last of each place. */
export const decodeLists = (blob: Buffer | null | undefined): Map<number, WrittenList | null> =>
  new Map(
    [...framesOf(blob)].map(([row, packed]) => [
      row,
      unpackJson(packed, inflatedWording) as WrittenList | null,
    ]),
  );

/** Bytes of a fingerprint; of a row without a plan they are 0. */
const FINGERPRINT_BYTES = 8;

/** The fingerprints of a batch side by side; hexadecimal, undefined where there is no plan. */
export const encodeFingerprints = (fingerprints: readonly (string | undefined)[]): Buffer =>
  Buffer.concat(
    fingerprints.map((hex) =>
      hex === undefined ? Buffer.alloc(FINGERPRINT_BYTES) : Buffer.from(hex, 'hex'),
    ),
  );

export function fingerprintAt(blob: Buffer | null | undefined, place: number): string | undefined {
  const bytes = blob?.subarray(place * FINGERPRINT_BYTES, (place + 1) * FINGERPRINT_BYTES);
  return bytes?.length === FINGERPRINT_BYTES && bytes.some((byte) => byte !== 0)
    ? bytes.toString('hex')
    : undefined;
}

/** Fingerprints of lists, which rows of one policy share: deflated, that costs little more than one a policy. */
export const encodeListFingerprints = (fingerprints: readonly (string | undefined)[]): Buffer =>
  deflateRawSync(encodeFingerprints(fingerprints), DEFLATE);

/** By place; undefined where there is no plan. */
export function decodeListFingerprints(blob: Buffer | null | undefined): readonly (string | undefined)[] {
  if (!blob?.length) return [];
  const bytes = inflateRawSync(blob);
  return Array.from({ length: bytes.length / FINGERPRINT_BYTES }, (_, place) => fingerprintAt(bytes, place));
}
