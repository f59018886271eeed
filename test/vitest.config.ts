import { configDefaults, defineConfig } from 'vitest/config';

/** Whole cycles, chaos and statistics: `npm run test:long`, see `vitest.long.config.ts`. */
export const LONG = '**/*.long.test.{ts,tsx}';

const common = {
  // Real servers and processes on a busy machine of two cores; the tests wait for events, this is for a hang.
  testTimeout: 60_000,
  hookTimeout: 60_000,
  // Of what a test spies on, nothing reaches the next one.
  restoreMocks: true,
  unstubEnvs: true,
  unstubGlobals: true,
};

export default defineConfig({
  test: {
    root: new URL('.', import.meta.url).pathname,
    // Most of the time is waiting, for servers and for windows to pass: more files than cores at a time.
    maxWorkers: 5,
    projects: [
      {
        test: {
          ...common,
          name: 'unit',
          include: ['unit/**/*.test.{ts,tsx}', 'architecture.test.ts'],
          exclude: [...configDefaults.exclude, LONG],
          // Pure code: what a file loads serves the next one, which halves the time.
          isolate: false,
        },
      },
      {
        test: {
          ...common,
          name: 'integration',
          include: ['integration/**/*.test.{ts,tsx}', 'fault/**/*.test.ts'],
          exclude: [...configDefaults.exclude, LONG],
        },
      },
    ],
  },
});
