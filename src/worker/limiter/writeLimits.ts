import { FAMILIES, familyFacts, MAIN_FAMILY, type Family } from '../../assignments/kinds/family.ts';
import { closestTo } from '../../assignments/values/closest.ts';
import { plainName } from '../../assignments/values/plainName.ts';
import type { WriteLimits } from './pace.ts';

const LIMIT_MAX = 1_000_000;

/**
 * The limits as a setting says them: one number for every family, `family=number` for one, or several of them with commas between, as
 * in `80, devices=150`.
 */
export function writeLimitsFrom(text: string): WriteLimits | { readonly remedy: string } {
  let every: number | undefined;
  const families: { [family in Family]?: number } = {};
  for (const part of text.split(',')) {
    const [, name = '', digits = ''] = /^\s*(?:([^=]*)=)?\s*(\d+)\s*$/.exec(part) ?? [];
    const writes = Number(digits);
    if (digits === '' || writes < 1 || writes > LIMIT_MAX) return { remedy: HOW };
    const family = FAMILIES.find((each) => plainName(each) === plainName(name));
    if (family !== undefined) families[family] = writes;
    else if (name.trim() === '') every = writes;
    else return { remedy: `${guess(name)}${HOW} Families: ${FAMILIES.join(', ')}.` };
  }
  return { every, families };
}

const HOW =
  `Set it to a whole number from 1 to ${LIMIT_MAX} for every family, to family=number for one (80, devices=150), or unset it for ` +
  `${familyFacts(MAIN_FAMILY).writesPerWindow}, and ${familyFacts('devices').writesPerWindow} for scripts.`;

function guess(name: string): string {
  const near = closestTo(name.trim(), FAMILIES);
  return near === undefined ? '' : `Did you mean ${near}? `;
}
