import { isJsonObject } from '../../assignments/values/json.ts';

/**
 * One header's value as text, or undefined. Takes what HTTP gave or what stands in an inner reply of a batch: names
 * come in any letter case, values as text, as numbers, or as a list of which the first counts.
 */
export function headerOf(headers: unknown, name: string): string | undefined {
  if (!isJsonObject(headers)) return undefined;
  const wanted = name.toLowerCase();
  for (const key of Object.keys(headers)) {
    if (key.length !== wanted.length || key.toLowerCase() !== wanted) continue;
    const value = headers[key];
    const first: unknown = Array.isArray(value) ? value[0] : value;
    if (typeof first === 'string') return first;
    if (typeof first === 'number') return String(first);
  }
  return undefined;
}
