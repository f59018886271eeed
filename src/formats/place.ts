/** A place in a file as an editor shows it: line and character (UTF-16 unit) in the line, both from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

export const START: Place = { line: 1, column: 1 };

/** Where one is after `text`, when it starts at `place`. */
export function plusText({ line, column }: Place, text: string): Place {
  let newlines = 0;
  let lineStart = 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', lineStart)) {
    newlines += 1;
    lineStart = at + 1;
  }
  const characters = text.length - lineStart;
  return newlines === 0
    ? { line, column: column + characters }
    : { line: line + newlines, column: characters + 1 };
}
