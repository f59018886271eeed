import { hiddenIn } from './visible.ts';

/** The longest id that is believed: an Intune assignment id is two GUIDs and an underscore, 73 characters. */
export const ID_CHARS_MAX = 256;

/** What nearly all ids are, so that they need no closer look. */
const PLAIN_ID = new RegExp(`^[\\w-]{1,${ID_CHARS_MAX}}$`);

/**
 * Why `id` can't stand in a path segment, or undefined when it can. Ids are opaque, so only what could leave the segment
 * or what no id can hold is refused.
 */
export function idFault(id: string): string | undefined {
  if (isPlaceholder(id)) return 'only shows where an id belongs';
  if (PLAIN_ID.test(id)) return undefined;
  const hidden = hiddenFault(id);
  if (hidden !== undefined) return hidden;
  if (id.length > ID_CHARS_MAX) return `is longer than ${ID_CHARS_MAX} characters`;
  if (id === '.' || id === '..') return 'would step out of its place in the URL';
  if (/^\{.*\}$/.test(id)) return 'stands in braces, which are no part of it';
  // Word processors make the last ones of plain quotes.
  const forbidden = /[/\\?#%\u2018\u2019\u201c-\u201e]/.exec(id);
  if (forbidden) return `holds "${forbidden[0]}", which no id has`;
  return /\s/.test(id) ? 'holds a space' : undefined;
}

/** What nobody sees and nobody wrote on purpose. */
export function hiddenFault(id: string): string | undefined {
  if (!id.isWellFormed()) return 'holds half a character (a lone surrogate)';
  const hidden = hiddenIn(id);
  return hidden === undefined ? undefined : `holds ${hidden}`;
}

/** As instructions write them, ours too: `<policy id>`, `{policyId}`, `your-policy-id`, `POLICY_ID`. */
export const isPlaceholder = (id: string): boolean =>
  /^(?:<.*>|\{\{?[a-z]+(?:[ _-][a-z]+)*\}?\}|your[-_ ].*)$/i.test(id) || /^[A-Z]+(?:_[A-Z]+)*_ID$/.test(id);

export const idSegment = (id: string): string => encodeURIComponent(id);

/** Graph compares ids without case; so do we wherever two ids are held against each other. */
export const sameId = (a: unknown, b: unknown): boolean =>
  typeof a === 'string' && typeof b === 'string' && a.toLowerCase() === b.toLowerCase();
