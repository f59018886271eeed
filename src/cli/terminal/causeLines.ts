import { isNeverAllowed } from '../../assignments/guard/allow.ts';
import type { Cause, CauseRow } from '../../assignments/guard/causes.ts';
import { GUARD_KINDS, type GuardKind } from '../../assignments/guard/finding.ts';
import { shortCalled, type Called } from '../../assignments/names/calledIds.ts';
import { visible } from '../../assignments/values/visible.ts';
import type { Plan } from '../../app/plan/plan.ts';
import type { Failure } from '../../app/runs/failures.ts';
import { count } from '../../app/words.ts';
import { cutAtEnd, cutInMiddle, widthOf } from './width.ts';

/** Lines of the input that are named with a cause: the fewer, the less room there is. */
const LINES_SHOWN = [3, 2, 1] as const;
/** Causes of a kind that are shown of it by itself. */
const CAUSES_SHOWN = 6;
/** What a sentence is given before lines of the input, and what it has at least, however narrow the terminal. */
const WORDS_COLUMNS_WANTED = 36;
const WORDS_COLUMNS_MIN = 12;
/** What is left of names where their sentence has no room: the first that fits. */
const NAME_COLUMNS = [40, 30, 22, 14] as const;

/** What was found of one kind, with what becomes of it. */
export interface FoundKind {
  readonly kind: GuardKind;
  readonly found: number;
  /** It stops the plan; `allowed` is how many were allowed instead. */
  readonly blocked: { readonly allowed: number } | undefined;
  /** The commonest first. */
  readonly causes: readonly Cause[];
}

/** What the guard has found or was told to find, the most dangerous kind first. */
export function foundKinds({ guard, blocked, findings }: Pick<Plan, 'guard' | 'blocked' | 'findings'>) {
  const causes = Map.groupBy(findings, ({ kind }) => kind);
  return GUARD_KINDS.flatMap((kind): FoundKind[] => {
    const found = guard[kind] ?? 0;
    const stops = blocked.find((each) => each.kind === kind);
    if (found === 0 && stops === undefined) return [];
    const said = (causes.get(kind) ?? []).filter(({ what }) => what !== '');
    return [{ kind, found, blocked: stops, causes: said }];
  });
}

/** `lines 22, 41, 92 …` */
export function linesInWords(rows: readonly CauseRow[], total: number, most: number): string {
  const lines = rows.slice(0, most).map(({ line }) => line.toLocaleString('en-US', { useGrouping: false }));
  const more = total > lines.length ? ' …' : '';
  return `${total === 1 ? 'line' : 'lines'} ${lines.join(', ')}${more}`;
}

/** One line a kind: what is found most often, and where. `columns` undefined: nothing has to fit. */
export function kindLines(
  kinds: readonly FoundKind[],
  called: Called,
  columns: number | undefined,
): readonly string[] {
  const heads = kinds.map(headOf);
  const width = Math.max(0, ...heads.map(({ length }) => length));
  return kinds.map(({ kind, causes, found }, i) => {
    const head = `  ${(heads[i] ?? '').padEnd(width)}  `;
    const [first] = causes;
    if (first === undefined) return `${head}${WORDS[kind] ?? ''}`.trimEnd();
    const others = kind !== 'cuts-off' && causes.length > 1 ? ` +${causes.length - 1}` : '';
    const words = kind === 'cuts-off' ? protectionsIn(causes, found) : first.what;
    return (
      head + fitted(words, others, rowsOf(causes), sumOf(causes), called, columns && columns - head.length)
    );
  });
}

/** A kind by itself has room for its causes, the commonest first. */
export function causeLines(kind: FoundKind, called: Called, columns: number | undefined): readonly string[] {
  const { causes, found } = kind;
  const [first, second] = causes;
  if (first === undefined) return kindLines([kind], called, columns);
  if (second === undefined) {
    const head = `  ${headOf(kind)}  `;
    return [head + fitted(first.what, '', first.rows, first.count, called, columns && columns - head.length)];
  }
  const shown = causes.length > CAUSES_SHOWN ? causes.slice(0, CAUSES_SHOWN - 1) : causes;
  return [
    `  ${headOf(kind)}`,
    ...shown.map(({ what, count: n, rows }) => {
      const head = `    ${String(n).padStart(String(found).length)} × `;
      return head + fitted(what, '', rows, n, called, columns && columns - head.length);
    }),
    ...(shown.length < causes.length ? [`    … and ${causes.length - shown.length} more causes`] : []),
  ];
}

/**
 * Of what is lost, for whom it is takes too much room: `Wi-Fi 130, VPN 66, compliance 67`. Of more causes than are kept only the number of
 * their rows is known, and told, or the parts would not come to the whole.
 */
function protectionsIn(causes: readonly Cause[], found: number): string {
  const told = [...Map.groupBy(causes, ({ what }) => what.replace(/ (?:\(|is lost for ).*$/, ''))]
    .map(([protection, of]) => [protection, sumOf(of)] as const)
    .toSorted(([, a], [, b]) => b - a);
  const rest = found - sumOf(causes);
  return [...told, ...(rest > 0 ? [['not told apart', rest] as const] : [])]
    .map(([protection, n]) => `${protection} ${n}`)
    .join(', ');
}

/** `group GRP-X (c241…) does not exist +2: lines 22, 41, 92 …`: where there is little room, of the lines first. */
function fitted(
  what: string,
  others: string,
  rows: readonly CauseRow[],
  total: number,
  called: Called,
  columns: number | undefined,
): string {
  const sentence = what.replace(/\.$/, '');
  const words = visible(shortCalled(sentence, called));
  const tails = LINES_SHOWN.map((most) => `${others}: ${linesInWords(rows, total, most)}`);
  const [longest = '', , shortest = ''] = tails;
  if (columns === undefined) return words + longest;
  const whole = tails.find((tail) => widthOf(words) + tail.length <= columns);
  if (whole !== undefined) return words + whole;
  const tail = tails.find((each) => columns - each.length >= WORDS_COLUMNS_WANTED) ?? shortest;
  const room = Math.max(WORDS_COLUMNS_MIN, columns - tail.length);
  // What a sentence says stands behind the names in it.
  const briefs = NAME_COLUMNS.map((most) =>
    visible(shortCalled(sentence, called, (name) => cutInMiddle(name, most))),
  );
  const brief = briefs.find((each) => widthOf(each) <= room) ?? briefs.at(-1) ?? words;
  return cutAtEnd(brief, room) + tail;
}

/** `filter-lost=40`, to be typed as it stands behind `--allow`. */
const headOf = ({ kind, found, blocked }: FoundKind): string => {
  const typed = `${kind}=${found}`;
  if (blocked === undefined) return `${typed} (allowed)`;
  if (isNeverAllowed(kind)) return `${typed} (never)`;
  return blocked.allowed === 0 ? typed : `${typed} (${blocked.allowed} allowed)`;
};

const sumOf = (causes: readonly Cause[]): number => causes.reduce((sum, { count: n }) => sum + n, 0);

const rowsOf = (causes: readonly Cause[]): readonly CauseRow[] =>
  causes.flatMap(({ rows }) => rows).toSorted((a, b) => a.line - b.line);

/** Rows that will fail, one line a cause. */
export function failureLines(
  failures: readonly Failure[],
  called: Called,
  columns: number | undefined,
): readonly string[] {
  return failures.map(({ code, message, count: n, rows }) => {
    const head = `  ${count(n, 'row')} ${n === 1 ? 'fails' : 'fail'}: ${code}: `;
    return head + fitted(message, '', rows, n, called, columns && columns - head.length);
  });
}

/** Every row of a kind under its cause: `16 rows → group GRP-X (c241…) does not exist.`, then a line each. */
export function detailLines({ causes, found }: FoundKind, called: Called): readonly string[] {
  if (causes.length === 0) return [];
  const kept = causes.reduce((sum, { rows }) => sum + rows.length, 0);
  return [
    ...causes.flatMap(({ what, count: n, rows }) => [
      `    ${count(n, 'row')} → ${visible(shortCalled(what, called))}`,
      ...rowLines(rows),
    ]),
    ...(kept < found ? [`    … and ${count(found - kept, 'more row')}: -o plan.ndjson has them all`] : []),
  ];
}

export const failureDetails = ({ code, message, count: n, rows }: Failure, called: Called) => [
  `  ${count(n, 'row')} ${n === 1 ? 'fails' : 'fail'} → ${code}: ${visible(shortCalled(message, called))}`,
  ...rowLines(rows),
];

const rowLines = (rows: readonly CauseRow[]): readonly string[] =>
  rows.map(({ line, policy }) => `      line ${line}  ${cutInMiddle(visible(policy), POLICY_CHARS_MAX)}`);

const POLICY_CHARS_MAX = 60;

/** Of kinds that are about the plan as a whole. */
const WORDS: Readonly<Partial<Record<GuardKind, string>>> = {
  'max-changes': 'rows of a type, more than --max-changes',
  'no-undo': 'nothing was read, so the plan has no before-images',
};
