import { parsedExactly } from '../../assignments/values/exactJson.ts';

/** The value in `text`, its numbers exactly, or undefined when it is not JSON; JSON itself has no undefined. */
export function parsedJson(text: string): unknown {
  try {
    return parsedExactly(text);
  } catch {
    return undefined;
  }
}

/** The value of a whole reply, or why there is none. */
export function replyJson(
  text: string,
): { readonly body: unknown } | { readonly why: 'notJson' | 'tooLarge' } {
  try {
    return { body: parsedExactly(text) };
  } catch (error) {
    // Numbers that have to be kept as they are, thousands of levels deep: it might be read in smaller parts.
    return { why: error instanceof RangeError ? 'tooLarge' : 'notJson' };
  }
}
