import type { OwnField } from './kind.ts';

/** Where an assignment comes from, which is Graph's to say. */
export const SOURCE_FIELDS: readonly OwnField[] = [
  { name: 'source', takes: ['direct', 'policySets'], isReadOnly: true },
  { name: 'sourceId', takes: 'text', isReadOnly: true },
];

/** When it was written. */
export const LAST_MODIFIED: OwnField = { name: 'lastModifiedDateTime', takes: 'text', isReadOnly: true };
