/**
 * What a spreadsheet may take for a formula: = + - @ at the beginning, full-width ones too, or behind blanks, which some
 * strip; and text that begins with a tab or a line end. Apostrophes before it belong to it, so that a guard more or less
 * can be told. Source: owasp.org/www-community/attacks/CSV_Injection
 */
const FORMULA = /^'*(?:\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]\s*\S)/;

/** The text of a CSV cell that a spreadsheet shows and does not calculate: an apostrophe more if it could be a formula. */
export const guarded = (text: string): string => (FORMULA.test(text) ? `'${text}` : text);

/** What `guarded` was given. */
export const unguarded = (text: string): string =>
  text.startsWith("'") && FORMULA.test(text) ? text.slice(1) : text;
