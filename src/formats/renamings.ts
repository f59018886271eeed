import { parse } from 'csv-parse/sync';
import { RENAMED, type Renaming } from '../assignments/names/rename.ts';
import type { Problem } from '../assignments/rows/row.ts';
import { isJsonObject } from '../assignments/values/json.ts';
import { plainName } from '../assignments/values/plainName.ts';
import { quoted } from '../assignments/values/quoted.ts';

/** Bytes of a file of renamings: one of a tenant's groups has a megabyte. */
export const RENAMINGS_BYTES_MAX = 20_000_000;

/** Names of the two columns, as people call them. */
const FROM = ['from', 'old', 'oldname', 'oldid', 'source', 'id'];
const TO = ['to', 'new', 'newname', 'newid', 'destination', 'displayname'];
const OF = ['kind', 'type', 'of'];

const BEGIN = { line: 1, column: 1 };

/**
 * Reads what is renamed to what: CSV with the columns `old` and `new`, and `kind` (policy, group, filter) where a name means one of
 * them only; or the MigrationTable.json of IntuneManagement, which says the names of groups by their ids.
 */
export function readRenamings(
  text: string,
): { readonly renamings: readonly Renaming[] } | { readonly problem: Problem } {
  return /^\s*[[{]/.test(text) ? fromJson(text) : fromCsv(text);
}

function fromJson(text: string): ReturnType<typeof readRenamings> {
  let table: unknown;
  try {
    table = JSON.parse(text);
  } catch (error) {
    return problem(`The file is no JSON: ${error instanceof Error ? error.message : String(error)}.`);
  }
  const objects = isJsonObject(table) ? table['Objects'] : undefined;
  if (!Array.isArray(objects))
    return problem('A JSON file of renamings is a MigrationTable.json, which has "Objects".');
  const renamings = (objects as unknown[]).flatMap((each): Renaming[] => {
    const { Id: from, DisplayName: to, Type: type } = isJsonObject(each) ? each : {};
    if (typeof from !== 'string' || typeof to !== 'string') return [];
    return [{ of: RENAMED.find((kind) => kind === String(type).toLowerCase()), from, to }];
  });
  return { renamings };
}

function fromCsv(text: string): ReturnType<typeof readRenamings> {
  let records: string[][];
  try {
    records = parse(text, {
      bom: true,
      delimiter: [',', ';', '\t'],
      relax_column_count: true,
      skip_empty_lines: true,
      trim: true,
    });
  } catch (error) {
    return problem(
      `The file can't be read as CSV: ${error instanceof Error ? error.message : String(error)}.`,
    );
  }
  const [header = [], ...rows] = records;
  const at = (names: readonly string[]): number =>
    header.findIndex((name) => names.includes(plainName(name)));
  const [from, to, of] = [at(FROM), at(TO), at(OF)];
  if (from === -1 || to === -1) return problem('The header has not both an old and a new name.');
  const renamings: Renaming[] = [];
  for (const [i, row] of rows.entries()) {
    const [old = '', now = '', kind = ''] = [row[from], row[to], of === -1 ? '' : row[of]];
    if (old === '' && now === '') continue;
    const named = RENAMED.find((each) => each === kind.toLowerCase());
    if (old === '' || now === '' || (kind !== '' && named === undefined))
      return {
        problem: {
          line: i + 2,
          column: 1,
          message:
            old === '' || now === '' ? 'One of the two names is blank.' : `${quoted(kind)} is no kind.`,
          remedy: `Write both names, and as kind one of: ${RENAMED.join(', ')}; or leave kind blank.`,
        },
      };
    renamings.push({ of: named, from: old, to: now });
  }
  return { renamings };
}

const problem = (message: string): { problem: Problem } => ({
  problem: {
    ...BEGIN,
    message,
    remedy: 'Write CSV with the columns old,new (and kind), or give a MigrationTable.json.',
  },
});
