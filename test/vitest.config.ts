import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    root: new URL('.', import.meta.url).pathname,
    include: ['**/*.test.ts'],
    // Most of the time is waiting, for servers and for windows to pass: more files than cores at a time.
    maxWorkers: 4,
    // Real servers and processes on a busy machine of two cores; the tests wait for events, this is for a hang.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
