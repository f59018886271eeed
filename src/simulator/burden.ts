import type { SimulatorSettings } from './settings.ts';

/** What every entry of a list may carry on top of what it is: it is shown, taken back, and stands for nothing. */
const BURDENS = ['simulatedPadding', 'simulatedNesting'] as const;

export type BurdenSettings = Pick<SimulatorSettings, 'entryBytes' | 'nestDepth'>;

const MARK = '@@nested@@';

/** An entry made as large and as deep as the settings say. */
export function burdened<T extends object>(entry: T, { entryBytes, nestDepth }: BurdenSettings): T {
  if (entryBytes === 0 && nestDepth === 0) return entry;
  return {
    ...entry,
    ...(entryBytes > 0 && { simulatedPadding: 'x'.repeat(entryBytes) }),
    ...(nestDepth > 0 && { simulatedNesting: MARK }),
  };
}

/** The text of a reply with its nesting in it, which is too deep to be made by a call that calls itself. */
export const withNesting = (text: string, { nestDepth }: BurdenSettings): string =>
  nestDepth === 0
    ? text
    : text.replaceAll(`"${MARK}"`, `${'{"in":'.repeat(nestDepth)}1${'}'.repeat(nestDepth)}`);

/** An entry as a client sends it back, without its burdens. */
export function unburdened(given: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(given).filter(([name]) => !BURDENS.some((own) => own === name)));
}
