import { capitalized, ownField, type OwnField } from '../kinds/kind.ts';
import { KINDS, type PolicyKind } from '../kinds/registry.ts';
import { NEEDS_BETA, type RowReader } from './rowReader.ts';
import { EXTRA_COLUMNS, type ExtraColumn, type Extras, type ExtraValue } from './desired.ts';

/** What rows that give no whole body say beside the target. The kind is undefined when it could not be read. */
export function readExtras(reader: RowReader, kind: PolicyKind | undefined): Extras | undefined {
  const before = reader.problems.length;
  const written = EXTRA_COLUMNS.filter((column) => reader.has(column));
  for (const column of written) if (kind !== undefined) refuseUnwritable(reader, column, kind);
  if (reader.rules.apiVersion === 'v1.0') {
    for (const column of written) reader.problem(column, `Only the beta API has ${column}.`, NEEDS_BETA);
  }
  const values = written.map((column) => [column, readExtra(reader, column, kind)] as const);
  return reader.problems.length > before ? undefined : Object.fromEntries(values);
}

function refuseUnwritable(reader: RowReader, column: ExtraColumn, kind: PolicyKind): void {
  const field = ownField(kind, column);
  const { one, many } = kind.label;
  if (field === undefined)
    reader.problem(column, `${capitalized(many)} have no ${column}.`, `Leave ${column} blank.`);
  else if (field.isReadOnly)
    reader.problem(column, `${column} of a ${one} is read-only.`, `Leave ${column} blank.`);
}

function readExtra(
  reader: RowReader,
  column: ExtraColumn,
  kind: PolicyKind | undefined,
): ExtraValue | undefined {
  const fields = (kind === undefined ? KINDS : [kind]).flatMap((each) => ownField(each, column) ?? []);
  if (fields.some(({ takes }) => takes === 'json')) return readObject(reader, column);
  if (fields.some(({ takes }) => takes === 'boolean')) return readBoolean(reader, column);
  const words = fields.flatMap(wordsOf);
  return words.length === 0 ? reader.text(column) : reader.choice(column, [...new Set(words)]);
}

const wordsOf = ({ takes }: OwnField): readonly string[] => (typeof takes === 'object' ? takes : []);

/** Graph tells what such an object is by its type alone. */
function readObject(reader: RowReader, column: ExtraColumn): ExtraValue | undefined {
  const written = reader.row.cells.get(column);
  if (typeof written === 'string' && written.toLowerCase() === 'none') return null;
  const read = reader.json(column);
  if (read === undefined || typeof read['@odata.type'] === 'string') return read;
  return reader.problem(
    column,
    `${column} does not say of which type it is.`,
    'Write {"@odata.type": "#microsoft.graph.…", …}, as an export has it; or none.',
  );
}

function readBoolean(reader: RowReader, column: ExtraColumn): boolean | undefined {
  const written = reader.row.cells.get(column);
  if (typeof written === 'boolean') return written;
  const word = reader.choice(column, ['true', 'false']);
  return word === undefined ? undefined : word === 'true';
}
