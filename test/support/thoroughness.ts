import { inject } from 'vitest';

declare module 'vitest' {
  interface ProvidedContext {
    /** Set by `vitest.long.config.ts`: `npm run test:long` has the time for it. */
    isLong: boolean;
  }
}

/** What a test works with: a sample in `npm test`; in `npm run test:long` as much as leaves nothing to chance. */
export const sized = <T>(sample: T, thorough: T): T => (inject('isLong') ? thorough : sample);
