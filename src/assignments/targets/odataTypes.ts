const NAMESPACE = 'microsoft.graph.';

/** A Graph type as it is sent: `#microsoft.graph.…`. */
export const odataType = (name: string): string => `#${NAMESPACE}${name}`;

/** Graph shows types with and without `#`; what is read is compared by this, without case. */
export const plainTypeName = (written: unknown): string =>
  typeof written === 'string' ? written.toLowerCase().replace(/^#?(microsoft\.graph\.)?/, '') : '';

/** Whether Graph takes `written` for the type: with or without `#`, but with the namespace and in its own letter case. */
export const spellsType = (written: unknown, type: string): boolean =>
  typeof written === 'string' && (written === type || `#${written}` === type);
