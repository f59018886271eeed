/** What two spellings of one name have in common: case, spaces, `_` and `-` do not count. */
export const plainName = (name: string): string => name.toLowerCase().replace(/[\s_-]/g, '');
