import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/sources/*.test.ts'],
    // Servers of other projects, which the first run installs or builds.
    testTimeout: 120_000,
    hookTimeout: 600_000,
  },
});
