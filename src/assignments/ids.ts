/** The longest id that is believed: an Intune assignment id is two GUIDs and an underscore, 73 characters. */
export const ID_CHARS_MAX = 256;

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/**
 * Why `id` can't stand in a path segment, or undefined when it can. Ids are opaque, so only what could leave the segment
 * or what no id can hold is refused.
 */
export function idFault(id: string): string | undefined {
  if (id.length > ID_CHARS_MAX) return `is longer than ${ID_CHARS_MAX} characters`;
  if (id === '.' || id === '..') return 'would step out of its place in the URL';
  const forbidden = /[/\\?#%]/.exec(id);
  if (forbidden) return `holds "${forbidden[0]}", which no id has`;
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(id)) return 'holds a control character';
  if (/\s/.test(id)) return 'holds a space';
  if (!id.isWellFormed()) return 'holds half a character (a lone surrogate)';
  return undefined;
}

export const idSegment = (id: string): string => encodeURIComponent(id);

/** Graph compares ids without case; so do we wherever two ids are held against each other. */
export const sameId = (a: unknown, b: unknown): boolean =>
  typeof a === 'string' && typeof b === 'string' && a.toLowerCase() === b.toLowerCase();

export const isGuid = (text: string): boolean => GUID.test(text);
