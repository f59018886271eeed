import { createHash, hash } from 'node:crypto';
import { canonicalText } from '../../assignments/changes/canonical.ts';
import { entriesOf } from '../../assignments/changes/decision.ts';
import { fingerprintOf } from '../../assignments/changes/fingerprint.ts';
import type { PlanFormat, PlanRow } from '../../formats/planFile.ts';
import { UNSEALED_FORMAT } from '../../formats/planFile.ts';
import type { PlannedRow } from './planTally.ts';

/** Differences that are shown one by one. */
const SHOWN_MAX = 20;

/** What a plan that was not sealed here says of its rows, in their order: what was decided, and a digest of what it was decided on. */
export class ExpectedDecisions {
  readonly #format: PlanFormat;
  readonly #rows: (readonly [words: string, digest: string])[] = [];

  constructor(format: PlanFormat) {
    this.#format = format;
  }

  add({ decision }: Pick<PlanRow, 'decision'>): void {
    this.#rows.push(said(decision, this.#format));
  }

  /** What is otherwise now about the row at this place; undefined: nothing. */
  difference(place: number, { input, decision }: PlannedRow): string | undefined {
    const [words, digest] = this.#rows[place] ?? ['nothing', ''];
    const [wordsNow, digestNow] = said(decision, this.#format);
    if (digest === digestNow) return undefined;
    const otherwise =
      words === wordsNow
        ? `${words}, with something else before it or found in it`
        : `${words}, now ${wordsNow}`;
    return `line ${input.line}: the plan says ${otherwise}`;
  }
}

/** What was decided of a row in words, and a digest of what it was decided on. */
function said(
  { kind, code, before, after, findings }: PlanRow['decision'],
  format?: PlanFormat,
): readonly [string, string] {
  const hasCode = format !== UNSEALED_FORMAT && code !== undefined;
  const words = hasCode ? `${kind} (${code})` : kind;
  const counts = kind === 'write';
  const images = counts ? entriesOf(before).map(fingerprintOf) : [];
  const kinds = findings.map((finding) => finding.kind).filter((each) => each !== 'gone');
  // The format before this one has no word for what is absent.
  const isAbsent = format !== UNSEALED_FORMAT && before.kind === 'absent';
  const written = counts && after !== undefined ? canonicalText(after) : '';
  const what = [words, counts && isAbsent, images, written, kinds.toSorted()];
  return [words, hash('sha256', JSON.stringify(what), 'base64').slice(0, 16)];
}

/** One digest of the decisions of all rows of a run, in the order in which they lie: two plans of one digest decide the same. */
export class DecisionsDigest {
  readonly #hash = createHash('sha256');

  add(decision: PlanRow['decision']): void {
    this.#hash.update(said(decision)[1]);
  }

  /** To be asked once. */
  end(): string {
    return this.#hash.digest('hex').slice(0, 32);
  }
}

/** Gathers what a plan that is made anew says otherwise than the one that was given. */
export class Differences {
  readonly #expected: ExpectedDecisions | undefined;
  readonly #found: string[] = [];
  #total = 0;

  constructor(expected: ExpectedDecisions | undefined) {
    this.#expected = expected;
  }

  compare(place: number, row: PlannedRow): void {
    const difference = this.#expected?.difference(place, row);
    if (difference === undefined) return;
    this.#total += 1;
    if (this.#found.length < SHOWN_MAX) this.#found.push(difference);
  }

  get found(): readonly string[] {
    const more = this.#total - this.#found.length;
    return more > 0 ? [...this.#found, `and ${more.toLocaleString('en-US')} more`] : this.#found;
  }
}
