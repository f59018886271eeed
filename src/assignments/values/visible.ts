/**
 * What nobody sees, or what makes other characters stand where they are not: controls, line and paragraph ends, zero width and
 * bidirectional marks (Cf), the soft hyphen, fillers, and blanks that are no ordinary space. The ideographic space is as wide
 * as the characters around it, and belongs to names that are written with them.
 */
const HIDDEN =
  /[\p{Cc}\p{Cf}\u2028\u2029\u115f\u1160\u17b4\u17b5\u3164\uffa0\u00a0\u1680\u2000-\u200a\u202f\u205f]|\u034f|\p{Cs}/gu;

const NAMES: ReadonlyMap<number, string> = new Map([
  [0x0009, 'tab'],
  [0x000a, 'line feed'],
  [0x000d, 'carriage return'],
  [0x00a0, 'no-break space'],
  [0x00ad, 'soft hyphen'],
  [0x200b, 'zero width space'],
  [0x200c, 'zero width non-joiner'],
  [0x200d, 'zero width joiner'],
  [0x200e, 'left-to-right mark'],
  [0x200f, 'right-to-left mark'],
  [0x202a, 'left-to-right embedding'],
  [0x202b, 'right-to-left embedding'],
  [0x202c, 'pop directional formatting'],
  [0x202d, 'left-to-right override'],
  [0x202e, 'right-to-left override'],
  [0x202f, 'narrow no-break space'],
  [0x2060, 'word joiner'],
  [0x2066, 'left-to-right isolate'],
  [0x2067, 'right-to-left isolate'],
  [0x2068, 'first strong isolate'],
  [0x2069, 'pop directional isolate'],
  [0xfeff, 'byte order mark'],
]);

/** Text from a file or from Graph with what can't be seen shown as `\u200b`, so that it neither steers a terminal nor hides. */
export const visible = (text: string): string => text.replace(HIDDEN, escaped);

function escaped(character: string): string {
  const hex = (character.codePointAt(0) ?? 0).toString(16).padStart(4, '0');
  return hex.length > 4 ? `\\u{${hex}}` : `\\u${hex}`;
}

/** The first character of a text that can't be seen: `an invisible character, U+200B (zero width space), as its character 3`. */
export function hiddenIn(text: string): string | undefined {
  const at = text.search(HIDDEN);
  const code = text.codePointAt(at);
  if (at === -1 || code === undefined) return undefined;
  const name = NAMES.get(code);
  const number = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
  const kind = /[\p{Cc}\u2028\u2029]/u.test(String.fromCodePoint(code)) ? 'a control' : 'an invisible';
  const place = [...text.slice(0, at)].length + 1;
  return `${kind} character, ${number}${name === undefined ? '' : ` (${name})`}, as its character ${place}`;
}
