import { isExactNumber } from './exactJson.ts';

/** Any JSON object, as it came from a file or from Graph. */
export type JsonObject = { readonly [name: string]: unknown };

export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !isExactNumber(value);
