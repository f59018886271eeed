/** The value in `text`, or undefined when it is not JSON; JSON itself has no undefined. */
export function parsedJson(text: string): unknown {
  try {
    // `JSON.parse` says `any`; what comes from outside is unknown until it was looked at.
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
