import { capitalized, ownField, type OwnField } from '../kinds/kind.ts';
import { KINDS, type PolicyKind } from '../kinds/registry.ts';
import { NEEDS_BETA, type RowReader } from './rowReader.ts';
import { EXTRA_COLUMNS, type ExtraColumn, type Extras } from './desired.ts';

/** `intent`, `source` and `sourceId` of rows that give no whole body. The kind is undefined when it could not be read. */
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

function readExtra(reader: RowReader, column: ExtraColumn, kind: PolicyKind | undefined): string | undefined {
  const words = (kind === undefined ? KINDS : [kind]).flatMap((each) => wordsOf(ownField(each, column)));
  return words.length === 0 ? reader.text(column) : reader.choice(column, [...new Set(words)]);
}

const wordsOf = (field: OwnField | undefined): readonly string[] =>
  typeof field?.takes === 'object' ? field.takes : [];
