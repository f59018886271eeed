import { withCalled, shortCalled, type Called } from '../../assignments/names/calledIds.ts';
import { targetInWords } from '../../assignments/changes/changeKind.ts';
import { visible } from '../../assignments/values/visible.ts';
import type { HistoryAsked } from '../../app/history/asked.ts';
import type { History, HistoryEntry } from '../../app/history/history.ts';
import { changeInWords, otherInWords } from '../../app/history/inWords.ts';
import type { OtherChange } from '../../app/history/others.ts';
import { waysBack } from '../../app/history/waysBack.ts';
import type { Besides } from '../../app/history/besides.ts';
import type { Identity } from '../../app/identity.ts';
import { count } from '../../app/words.ts';
import type { Printer } from './print.ts';
import { cutInMiddle } from './width.ts';

/** Entries that are kept; --until goes on where they end. */
const KEPT_MAX = 10_000;
/** Those that a screen shows, and policies of which is told what they have now. */
const SHOWN_MAX = 20;
const POLICIES_SHOWN = 8;
const NAME_COLUMNS_MAX = 60;

/** Keeps entries, the newest run first, until there are more than anybody reads. */
export class NewestEntries {
  readonly #entries: HistoryEntry[] = [];

  /** False when it has had enough: what follows is older. */
  add(entry: HistoryEntry): boolean {
    return this.#entries.push(entry) < KEPT_MAX;
  }

  get isFull(): boolean {
    return this.#entries.length >= KEPT_MAX;
  }

  /** The newest first. */
  get entries(): HistoryEntry[] {
    return this.#entries.toSorted((a, b) => b.at - a.at || b.line - a.line);
  }
}

/** A history with what Graph tells beside it. */
export interface ShownHistory extends Pick<History, 'called' | 'runs' | 'unreadable' | 'last'> {
  readonly gathered: NewestEntries;
  readonly around: Besides;
  readonly asked: HistoryAsked;
  /** Nothing is left out for its time. */
  readonly isWhole: boolean;
}

type Told = HistoryEntry | OtherChange;

/** Runs and others in the order of time, the oldest first. */
function told({ gathered, around }: ShownHistory): readonly Told[] {
  const others = around.others.kind === 'changes' ? around.others.changes : [];
  return [...gathered.entries.toReversed(), ...others].toSorted((a, b) => a.at - b.at);
}

export const HISTORY_COLUMNS = [
  ...['time', 'run', 'who', 'reason', 'policyType', 'policyId', 'policyName', 'row', 'before', 'after'],
  ...['result', 'errorCode', 'rolledBackBy', 'activity'],
];

/** The whole of it as records of a file. */
export function* historyRecords(history: ShownHistory): Generator<Record<string, unknown>> {
  const { called } = history;
  for (const entry of told(history)) {
    const time = new Date(entry.at).toISOString();
    if (entry.kind === 'other') {
      const { who, app, policyId, policy, what, result } = entry;
      yield {
        ...{ time, who, reason: app, policyId, policyName: policy, result, activity: what },
        after: withCalled(otherInWords(entry), called),
      };
      continue;
    }
    const { run, address, policy, line, status, code, rolledBackBy } = entry;
    const { before, after } = changeInWords(entry);
    yield {
      ...{ time, run: run.runId, who: run.operator, reason: run.options.purpose, row: line },
      ...{ policyType: address.kind.policyType, policyId: address.policyId, policyName: policy },
      ...{ before: withCalled(before, called), after: withCalled(after, called), result: status },
      ...{ errorCode: code || null, rolledBackBy: rolledBackBy.join(' ') || null },
    };
  }
}

export const historyJson = (history: ShownHistory) => ({
  isWhole: !history.gathered.isFull,
  entries: [...historyRecords(history)],
  now: history.around.now.map(({ address, policy = null, list, why }) => ({
    ...{ policyType: address.kind.policyType, policyId: address.policyId, policyName: policy },
    assignments: list?.map(({ whole }) => whole) ?? null,
    why: why || null,
  })),
  others: history.around.others.kind,
  putBack: waysBack(history.gathered.entries, history.asked, history.isWhole).map(
    ({ runId, policies, words }) => ({ run: runId, policies, command: `retarget ${words}` }),
  ),
  names: history.called,
});

/** @param output the file that has all of it, where one was written */
export function showHistory(
  history: ShownHistory,
  { hint }: Pick<Identity, 'hint'>,
  print: Printer,
  output: string | undefined,
): void {
  const { called, gathered, around, asked, runs } = history;
  const { entries } = gathered;
  const all = told(history);
  const shown = all.slice(-SHOWN_MAX);
  const short = (text: string): string =>
    visible(shortCalled(text, called, (name) => cutInMiddle(name, NAME_COLUMNS_MAX)));
  if (all.length > shown.length)
    print.say(`… ${count(all.length - shown.length, 'earlier change')}: -o history.csv has them.`);
  for (const entry of shown) {
    const lines = entry.kind === 'other' ? otherLines(entry, short) : rowLines(entry, short);
    for (const [i, line] of lines.entries()) print.data(i === 0 ? line : `    ${line}`, i === 0 ? 4 : 6);
  }
  if (all.length === 0)
    print.say(
      asked.isAny
        ? `Nothing: ${count(runs, 'run')} of this tenant.`
        : `No run of ${count(runs, 'run')} has changed "${visible(asked.text)}". It is the name or the id of a policy or a group; \`*\` stands for any text.`,
    );
  for (const line of nowLines(around, called, short)) print.data(line, 4);
  const backs = waysBack(entries, asked, history.isWhole);
  if (backs.length > 0) print.say(backs.length === 1 ? 'Put it back:' : 'Put it back, one by one:');
  for (const { words } of backs.slice(0, POLICIES_SHOWN)) print.say(`  ${hint(words)}`);
  if (backs.length > POLICIES_SHOWN)
    print.say(
      `  … and ${count(backs.length - POLICIES_SHOWN, 'more policy', 'more policies')}: --json has them.`,
    );
  showMissing(history, print);
  if (output !== undefined) print.say(`Wrote ${count(all.length, 'change')} to ${output}.`);
}

function rowLines(entry: HistoryEntry, short: (text: string) => string): readonly string[] {
  const { at, run, line, policy, address, status, code, rolledBackBy } = entry;
  const { before, after } = changeInWords(entry);
  const { purpose, revertOf } = run.options;
  const why = [purpose, revertOf === null ? null : `takes back ${revertOf}`].filter(Boolean).join(', ');
  return [
    `${momentOf(at)}  ${status}${code === '' ? '' : ` (${code})`}  run ${run.runId} of ${visible(run.operator)}${why === '' ? '' : `: ${visible(why)}`}`,
    `${visible(policy ?? address.policyId)} (${address.kind.label.one}, line ${line})`,
    before === after ? short(after) : `${short(before)} → ${short(after)}`,
    ...(rolledBackBy.length > 0 ? [`taken back by ${rolledBackBy.join(', ')}`] : []),
  ];
}

function otherLines(change: OtherChange, short: (text: string) => string): readonly string[] {
  const { at, who, app, what, policy, policyId, result } = change;
  return [
    `${momentOf(at)}  ${visible(result.toLowerCase() || 'done')}  by ${visible(who)}${app === '' || app === who ? '' : ` in ${visible(app)}`}, not by a run`,
    `${visible(policy || policyId)} (${visible(what)})`,
    ...(change.changes.length > 0 ? [short(otherInWords(change))] : []),
  ];
}

/** `2026-11-28 22:04Z`: the record of a tenant is read on machines of several zones. */
const momentOf = (at: number): string => `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')}Z`;

function nowLines({ now }: Besides, called: Called, short: (text: string) => string): readonly string[] {
  const shown = now.slice(0, POLICIES_SHOWN);
  if (shown.length === 0) return [];
  return [
    'Now:',
    ...shown.map(({ policy, address, list, why }) => {
      const has =
        list === undefined
          ? why
          : list.map(({ target }) => short(targetInWords(target))).join('; ') || 'assigned to nobody';
      return `  ${visible(policy ?? called[address.policyId] ?? address.policyId)}: ${has}`;
    }),
    ...(now.length > shown.length
      ? [`  … and ${count(now.length - shown.length, 'more policy', 'more policies')}: --json has them.`]
      : []),
  ];
}

/** What is not in it, which also who takes it as a file has to know. */
export function showMissing(history: ShownHistory, print: Pick<Printer, 'say'>): void {
  for (const line of missingLines(history)) print.say(line);
}

function missingLines({ gathered, around, unreadable, last }: ShownHistory): readonly string[] {
  const oldest = gathered.isFull ? gathered.entries.at(-1) : undefined;
  return [
    ...(oldest === undefined
      ? []
      : [
          `Only the newest ${KEPT_MAX.toLocaleString('en-US')} changes: --until ${new Date(oldest.at).toISOString()} goes on there.`,
          ...(last.length > 0
            ? [
                `Runs without a plan come after all others by a name, and may be missing whole: ${last.join(', ')}.`,
              ]
            : []),
        ]),
    ...notAskedLines(around),
    ...(unreadable.length > 0
      ? [`Not gone through, as another version has recorded them: ${unreadable.join(', ')}.`]
      : []),
  ];
}

function notAskedLines({ others, why }: Besides): readonly string[] {
  if (why !== undefined) return [`Not asked what is there now, nor what others did: ${visible(why)}`];
  switch (others.kind) {
    case 'forbidden':
      return [`What others did is not shown: the audit log needs ${others.permission}.`];
    case 'unread':
      return [`What others did is not shown: ${visible(others.why)}`];
    case 'changes':
      return [];
  }
}
