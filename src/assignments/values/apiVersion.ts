export const API_VERSIONS = ['beta', 'v1.0'] as const;
/** Which Graph is asked. v1.0 shows no filters and takes none. */
export type ApiVersion = (typeof API_VERSIONS)[number];
