import { closestTo } from '../values/closest.ts';
import type { InputColumn } from './columns.ts';
import { parsedExactly } from '../values/exactJson.ts';
import { everybodyOf, guidFault } from '../values/guid.ts';
import { hiddenFault, idFault, isPlaceholder } from '../values/ids.ts';
import { isJsonObject, type JsonObject } from '../values/json.ts';
import { walkJson } from '../values/jsonWalk.ts';
import type { Strategy } from '../kinds/kind.ts';
import { ID_REMEDY } from '../kinds/address.ts';
import type { ApiVersion } from '../values/apiVersion.ts';
import { quoted } from '../values/quoted.ts';
import type { Fault, InputRow, Problem } from './row.ts';

/** What of the run decides how a row reads. */
export interface ReadingRules {
  /** Root and version that absolute URLs may have. */
  readonly root: string;
  readonly apiVersion: ApiVersion;
  /** Without the read nothing can be kept, so a blank filter would be a guess. */
  readonly blind: boolean;
  /** The rows put back what was there: a target of a type that nobody documents goes through unharmed. */
  readonly restores?: boolean;
  /** The row was held to the form of ids when it was read in, perhaps by an older version: what that took is still read. */
  readonly recorded?: boolean;
  /** Nobody compares the rows with the tenant: what only the tenant could tell to be true is no help, and may be false. */
  readonly unplanned?: boolean;
  /** How the run writes; `patch` when nothing is said. */
  readonly strategy?: Strategy;
}

export const NEEDS_BETA = 'Run with --api-version beta.';

/** Reads cells of one row and gathers what is wrong with them. What it can't read it notes and gives as undefined. */
export class RowReader {
  readonly problems: Problem[] = [];
  readonly row: InputRow;
  readonly rules: ReadingRules;

  constructor(row: InputRow, rules: ReadingRules) {
    this.row = row;
    this.rules = rules;
  }

  has(column: InputColumn): boolean {
    return this.row.cells.has(column);
  }

  problem(column: InputColumn, message: string, remedy: string): undefined {
    const { line, places } = this.row;
    this.problems.push({
      ...(places?.placeOf(column) ?? { line, column: places?.column ?? 1 }),
      name: column,
      message,
      remedy,
    });
    return undefined;
  }

  fault(column: InputColumn, { message, remedy }: Fault): undefined {
    return this.problem(column, message, remedy);
  }

  /** The cell's text; numbers are taken as their text, since spreadsheets and JSON writers turn one into the other. */
  text(column: InputColumn): string | undefined {
    const value = this.row.cells.get(column);
    if (value === undefined) return undefined;
    if (typeof value === 'string') return value;
    if (typeof value === 'number') return String(value);
    return this.problem(column, `${column} is ${kindOf(value)}, not text.`, 'Write it as text.');
  }

  id(column: InputColumn): string | undefined {
    const text = this.text(column);
    const fault = text === undefined ? undefined : idFault(text);
    return text === undefined || fault === undefined
      ? text
      : this.problem(column, `The id ${quoted(text)} ${fault}.`, ID_REMEDY);
  }

  /** The id of something of Entra's, or of a filter: a GUID. */
  guid(column: InputColumn, what: string): string | undefined {
    const text = this.text(column);
    if (text === undefined) return undefined;
    if (this.#takesAnyId || isPlaceholder(text) || hiddenFault(text) !== undefined) return this.id(column);
    const fault = guidFault(text, what);
    return fault === undefined ? text : this.fault(column, fault);
  }

  /** Rows that restore have the tenant's own word for it. */
  get #takesAnyId(): boolean {
    return this.rules.restores === true || this.rules.recorded === true;
  }

  /** A group, and not what Entra calls everybody where it needs one. */
  groupId(column: 'groupId' | 'fromGroupId', typeColumn: InputColumn): string | undefined {
    const id = this.guid(column, 'group');
    const everybody = id === undefined || this.#takesAnyId ? undefined : everybodyOf(id);
    if (everybody === undefined) return id;
    const who = everybody === 'allDevices' ? 'all devices' : 'all users';
    return this.problem(
      column,
      `${id} is no group: it stands for ${who}.`,
      `Write ${everybody} as ${typeColumn}, and leave ${column} blank.`,
    );
  }

  /** A cell that takes one of a few words, in any letter case. */
  choice<T extends string>(column: InputColumn, words: readonly T[]): T | undefined {
    const text = this.text(column);
    if (text === undefined) return undefined;
    const word = words.find((candidate) => candidate.toLowerCase() === text.toLowerCase());
    return word ?? this.problem(column, `${quoted(text)} is no ${column}.`, didYouMean(text, words));
  }

  /** A cell in Graph's own shape: an object in JSON input, JSON text in a CSV cell. */
  json(column: InputColumn): JsonObject | undefined {
    const written = this.row.cells.get(column);
    const value = typeof written === 'string' ? this.#parsed(column, written) : { json: written };
    if (value === undefined) return undefined;
    return isJsonObject(value.json)
      ? value.json
      : this.problem(
          column,
          `${column} is ${kindOf(value.json)}, not a JSON object.`,
          'Write {"@odata.type": "#microsoft.graph.…", …}.',
        );
  }

  /** `JSON.parse` would take the last of two members with one name, and nobody would know which was meant. */
  #parsed(column: InputColumn, text: string): { json: unknown } | undefined {
    const { fault, members } = walkJson(text);
    if (fault !== undefined) {
      return this.problem(
        column,
        `${column} is no JSON: at its ${placeIn(text, fault.at)} must be ${fault.expected}.`,
        'Write it as one JSON object; in a CSV cell its quotes are doubled.',
      );
    }
    const twice = members.find(({ repeated }) => repeated);
    if (twice !== undefined) {
      const message = `The name ${quoted(twice.key)} is there twice in one object of ${column}.`;
      return this.problem(column, message, 'Keep one of them.');
    }
    return { json: parsedExactly(text) };
  }
}

/** As an editor shows it, when the text goes over several lines. */
function placeIn(text: string, at: number): string {
  const lines = text.slice(0, at).split('\n');
  const character = `character ${(lines.at(-1)?.length ?? 0) + 1}`;
  return lines.length === 1 ? character : `line ${lines.length}, ${character},`;
}

const kindOf = (value: unknown): string =>
  value === null
    ? 'null'
    : Array.isArray(value)
      ? 'a list'
      : typeof value === 'object'
        ? 'an object'
        : `a ${typeof value}`;

export function didYouMean(written: string, words: readonly string[]): string {
  const guess = closestTo(written, words);
  return guess === undefined
    ? `Write one of: ${words.join(', ')}.`
    : `Did you mean "${guess}"? It takes one of: ${words.join(', ')}.`;
}
