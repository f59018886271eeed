declare global {
  // ECMAScript 2026; Node has it since 21, TypeScript's ES2024 does not know it.
  interface JSON {
    rawJSON(text: string): object;
    isRawJSON(value: unknown): boolean;
  }
}

/**
 * The value of JSON text in which every number keeps its value: what JavaScript's numbers would round stays as its digits, as
 * `JSON.rawJSON` has it, and `JSON.stringify` writes it so. Tenants' lists are written back as they were read.
 * Numbers that mean the same (1 and 1.0, 0 and -0) may come out in another spelling.
 * @throws SyntaxError for what is no JSON, RangeError for what nests thousands of levels deep around such a number
 */
export function parsedExactly(text: string): unknown {
  if (!MAY_BE_BENT.test(text)) return JSON.parse(text);
  return JSON.parse(text, (_name, value: unknown, { source }: { source?: string } = {}) =>
    typeof value === 'number' && source !== undefined && isBent(source, value) ? JSON.rawJSON(source) : value,
  );
}

/** True for a number that is kept as its digits. */
export const isExactNumber = (value: unknown): boolean => JSON.isRawJSON(value);

/** Whether a value is the number that is kept as its digits, in whatever spelling. */
export const sameExactNumber = (exact: unknown, value: unknown): boolean =>
  isExactNumber(value) && plainDecimal(JSON.stringify(exact)) === plainDecimal(JSON.stringify(value));

/** A number of 16 digits or more, or one with an exponent: the only ones that can't be held. May find such in texts too. */
const MAY_BE_BENT = /(?:^|[[:,])[ \t\n\r]*-?(?:\d[\d.]{15,}|\d[\d.]*[eE])/;

const isBent = (source: string, value: number): boolean =>
  plainDecimal(source) !== plainDecimal(String(value));

/** One spelling for each value: its digits without zeros around them, and the power of ten of the last. */
function plainDecimal(text: string): string {
  const [, sign = '', whole = '', fraction = '', power = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? [];
  const all = (whole + fraction).replace(/^0+/, '');
  const digits = all.replace(/0+$/, '');
  if (digits === '') return whole === '' ? text : '0';
  return `${sign}${digits}e${BigInt(power) - BigInt(fraction.length) + BigInt(all.length - digits.length)}`;
}
