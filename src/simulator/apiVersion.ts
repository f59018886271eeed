export type ApiVersion = 'beta' | 'v1.0';
