import { defineConfig } from 'vitest/config';
import { LONG } from './vitest.config.ts';

export default defineConfig({
  test: {
    root: new URL('.', import.meta.url).pathname,
    include: [LONG],
    maxWorkers: 5,
    testTimeout: 240_000,
    hookTimeout: 60_000,
    restoreMocks: true,
    provide: { isLong: true },
  },
});
