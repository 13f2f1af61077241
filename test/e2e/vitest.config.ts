// The suites on a real cluster: `npm run e2e`.
import { defineConfig } from 'vitest/config';

const all = process.env['E2E_ALL'] === '1';

export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ['**/*.test.ts', ...(all ? ['**/*.slow.ts'] : [])],
    globalSetup: 'setup.ts',
    // One after the other: they share one node, and the load of one must not disturb what another counts.
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 300_000,
    reporters: ['verbose'],
  },
});
