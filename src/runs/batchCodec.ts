import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { pack, unpackMultiple } from 'msgpackr';
import type { InputColumn } from '../assignments/columns.ts';
import type { Row } from '../assignments/row.ts';

/** A row as the record keeps it: its line and its cells as read. */
export interface InputRow {
  readonly line: number;
  readonly cells: ReadonlyMap<InputColumn, unknown>;
}

export const inputRowOf = (row: Row): InputRow => ({
  line: row.line,
  cells: new Map([...row.cells].map(([column, cell]) => [column, cell.value])),
});

/** A kept row as the domain reads rows. Its columns' places in the file are not kept: it had no problem. */
export const rowOf = (input: InputRow): Row => ({
  line: input.line,
  column: 1,
  cells: new Map([...input.cells].map(([column, value]) => [column, { value, column: 1 }])),
});

type Columns = [InputColumn, unknown[]][];

/** Column after column, since ids of one kind compress best side by side. Blank cells are null: no cell holds null. */
export function encodeInputs(rows: readonly InputRow[]): Buffer {
  const names = [...new Set(rows.flatMap((row) => [...row.cells.keys()]))];
  const columns: Columns = names.map((name) => [name, rows.map((row) => row.cells.get(name) ?? null)]);
  return deflateRawSync(JSON.stringify([rows.map((row) => row.line), columns]));
}

export function decodeInputs(blob: Buffer): InputRow[] {
  const [lines, columns] = JSON.parse(inflateRawSync(blob).toString('utf8')) as [number[], Columns];
  return lines.map((line, i) => ({
    line,
    cells: new Map(columns.flatMap(([name, values]) => (values[i] === null ? [] : [[name, values[i]]]))),
  }));
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
}

const DETAIL_FIELDS = [
  'at',
  'httpStatus',
  'requestId',
  'clientRequestId',
  'throttledMs',
  'notBefore',
  'errorCode',
  'errorMessage',
] as const satisfies readonly (keyof Detail)[];

const GUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/;

/** GUIDs as their 16 bytes: they are most of what a row that went well has to say. */
const packed = (value: string | number | undefined): unknown =>
  typeof value === 'string' && GUID.test(value)
    ? Buffer.from(value.replaceAll('-', ''), 'hex')
    : (value ?? null);

function unpacked(value: unknown): string | number | undefined {
  if (value instanceof Uint8Array) {
    return Buffer.from(value)
      .toString('hex')
      .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  }
  return typeof value === 'string' || typeof value === 'number' ? value : undefined;
}

/** One detail as bytes. A batch's details are these bytes appended; the last word about a row counts. */
export function encodeDetail(row: number, detail: Detail): Buffer {
  const fields = DETAIL_FIELDS.map((field) => packed(detail[field]));
  while (fields.length > 0 && fields.at(-1) === null) fields.pop();
  return pack([row, ...fields]);
}

/** The last detail of each row, by its place in the batch. */
export function decodeDetails(blob: Buffer | null | undefined): Map<number, Detail> {
  const details = new Map<number, Detail>();
  if (!blob || blob.length === 0) return details;
  for (const [row, ...fields] of unpackMultiple(blob) as [number, ...unknown[]][]) {
    const said = DETAIL_FIELDS.map((field, i) => [field, unpacked(fields[i])] as const);
    details.set(row, Object.fromEntries(said.filter(([, value]) => value !== undefined)));
  }
  return details;
}
