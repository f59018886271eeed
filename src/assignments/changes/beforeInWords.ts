import { targetInWords } from './changeKind.ts';
import type { Before } from './decision.ts';

/** What stands in the place of a target where there is none. */
export const NOTHING = 'nothing';

/** What was there before a row is written, for a person. */
export function beforeInWords(before: Before): string {
  switch (before.kind) {
    case 'notRead':
      return 'not read';
    case 'absent':
      return NOTHING;
    case 'entry':
      return targetInWords(before.entry.target);
    case 'entries':
      return before.entries.map(({ target }) => targetInWords(target)).join('; ');
  }
}
