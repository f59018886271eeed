/**
 * JSON in which whole numbers beyond 2^53 keep their digits: as `bigint` here, as digits in the text. Graph's are 64 bits wide,
 * and who reads and writes them as doubles changes them.
 * @throws {SyntaxError} when the text is none
 */
export function readJson(text: string): unknown {
  // A reviver costs time, and few texts hold such a number.
  return /\d{16}/.test(text) ? JSON.parse(text, exact) : JSON.parse(text);
}

// Types of ES2024 do not know what Node has: https://github.com/tc39/proposal-json-parse-with-source
function exact(_key: string, value: unknown, context?: { source?: string }): unknown {
  const digits = context?.source ?? '';
  const isChanged = typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value);
  return isChanged && /^-?\d+$/.test(digits) ? BigInt(digits) : value;
}

export function writeJson(value: unknown, indent?: number): string {
  try {
    return JSON.stringify(value, undefined, indent);
  } catch (error) {
    // Asking of every part whether it is such a number would make each reply several times as dear.
    if (!(error instanceof TypeError)) throw error;
    return JSON.stringify(
      value,
      (_key, part: unknown) => (typeof part === 'bigint' ? raw(part) : part),
      indent,
    );
  }
}

const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };
const raw = (value: bigint): unknown => rawJSON(String(value));
