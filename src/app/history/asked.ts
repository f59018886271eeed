import { entriesOf, type Before } from '../../assignments/changes/decision.ts';
import type { Called } from '../../assignments/names/calledIds.ts';
import { cellText, fitsPattern } from '../../assignments/rows/selector.ts';
import { groupOf, targetIn } from '../../assignments/targets/currentTarget.ts';
import { filterOf } from '../../assignments/targets/filter.ts';
import { isGuid } from '../../assignments/values/guid.ts';
import type { JsonObject } from '../../assignments/values/json.ts';
import {
  decodeInputs,
  decodeNames,
  inputsText,
  namesText,
  someGuid,
  someGuidOfImages,
} from '../../runs/batchCodec.ts';
import type { RecordedRow } from '../../runs/batchRow.ts';
import type { BatchGlance } from '../../runs/runReader.ts';

/** A GUID that its cell has in other letters than Graph's. */
const OTHER_GUID = /[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/i;

/** Ids that are searched for one by one. */
const SEARCHED_MAX = 8;

/** The id of an assignment that is made of two others is longer than any other id. */
const CELL_CHARS_MAX = 80;

/** Whose history is asked for: a policy, a group or a filter, by its id, its name, or a pattern with `*`. */
export class HistoryAsked {
  readonly text: string;
  /** Everything is. */
  readonly isAny: boolean;
  readonly #parts: readonly string[];
  /** Ids of policies, groups and filters that are meant, in lower case. */
  readonly #ids = new Set<string>();
  /** The same as their 32 digits alone. */
  readonly #digits = new Set<string>();
  readonly #bytes: Buffer[] = [];
  /** Ids that are no GUIDs, and what was asked for itself, as they stand in the text of rows. */
  readonly #words: string[];
  /** The longest part of the pattern, as it stands in JSON. */
  readonly #longest: string;

  constructor(text: string | undefined) {
    this.text = text?.trim() ?? '*';
    this.isAny = /^\**$/.test(this.text);
    this.#parts = this.text.toLowerCase().split('*');
    const longest = this.#parts.reduce((a, b) => (b.length > a.length ? b : a));
    this.#longest = JSON.stringify(longest).slice(1, -1);
    this.#words = [JSON.stringify(this.text.toLowerCase())];
    if (isGuid(this.text)) this.add(this.text);
  }

  /** Nobody knows the id of what is asked for before a name was found. */
  get isByName(): boolean {
    return !this.isAny && !isGuid(this.text);
  }

  /** Also this is meant: it was found to be what is asked for by its name. */
  add(id: string): void {
    if (this.#ids.has(id.toLowerCase())) return;
    this.#ids.add(id.toLowerCase());
    if (!isGuid(id)) {
      this.#words.push(JSON.stringify(id.toLowerCase()));
      return;
    }
    const digits = id.toLowerCase().replaceAll('-', '');
    this.#digits.add(digits);
    this.#bytes.push(Buffer.from(digits, 'hex'));
  }

  /** What a run calls its groups and filters: their ids are meant whenever one of these names is. */
  learn(called: Called): void {
    if (this.isAny) return;
    for (const [id, name] of Object.entries(called)) if (this.fits(name)) this.add(id);
  }

  fits(name: string | undefined): boolean {
    return name !== undefined && name !== '' && fitsPattern(name, this.#parts);
  }

  /** A pattern is one of names: ids are random, and any of them may have its letters. */
  isMeant(id: string | undefined): boolean {
    return (
      id !== undefined && (this.#ids.has(id.toLowerCase()) || id.toLowerCase() === this.text.toLowerCase())
    );
  }

  /** Whether a batch may have such a row: never false for one that has. */
  mayMean({ inputs, before, names }: BatchGlance): boolean {
    if (this.isAny || this.#hasId(inputs, before)) return true;
    if (this.#hasName(names)) return true;
    const text = inputsText(inputs);
    // Ids that are no GUIDs, and such as are written in other letters, stand in the text.
    if (OTHER_GUID.test(text)) return true;
    const lower = text.toLowerCase();
    if (this.#words.some((word) => lower.includes(word))) return true;
    return (
      text.includes('"policyName"') &&
      decodeInputs(inputs).some(({ cells }) => this.fits(cellText(cells.get('policyName'))))
    );
  }

  #hasId(inputs: Buffer, before: Buffer | null | undefined): boolean {
    if (this.#bytes.length === 0) return false;
    // A search for a few of them makes nothing that has to be cleared away again.
    if (this.#bytes.length <= SEARCHED_MAX)
      return this.#bytes.some((id) => inputs.includes(id) || before?.includes(id) === true);
    const isMeant = (digits: string): boolean => this.#digits.has(digits);
    return someGuid(inputs, isMeant) || someGuidOfImages(before, isMeant);
  }

  /** Most batches have not even a part of the name in their text. */
  #hasName(names: Buffer | null | undefined): boolean {
    const text = namesText(names);
    return (
      text !== '' &&
      text.toLowerCase().includes(this.#longest) &&
      decodeNames(names).some(({ policy }) => this.fits(policy))
    );
  }

  /** Whether it is worth to make a change of a row's cells: never false for one that is meant. */
  mayTake({ input, names, before }: RecordedRow): boolean {
    if (this.isAny || this.fits(names?.policy) || this.#isAbout(before, undefined)) return true;
    for (const [column, value] of input.cells) {
      // An address, a target or a body may have any id in it.
      if (typeof value !== 'string' || value.length > CELL_CHARS_MAX) return true;
      if (this.isMeant(value) || (column === 'policyName' && this.fits(value))) return true;
    }
    return false;
  }

  /** @param body what the row writes */
  takes({ change, input, names, before }: RecordedRow, body: JsonObject | undefined): boolean {
    return (
      this.isAny ||
      this.isMeant(change.address.policyId) ||
      this.fits(names?.policy) ||
      this.fits(cellText(input.cells.get('policyName'))) ||
      this.#isAbout(before, body)
    );
  }

  #isAbout(before: Before | undefined, body: JsonObject | undefined): boolean {
    const targets = before === undefined ? [] : entriesOf(before).map(({ target }) => target);
    return [...targets, ...(body === undefined ? [] : [targetIn(body)])].some(
      (target) => this.isMeant(groupOf(target)) || this.isMeant(filterOf(target)?.id),
    );
  }
}
