// The suites on a real cluster: `npm run e2e`.
import { defineConfig } from 'vitest/config';

/** By their names; "*" are all. */
const slow = (process.env['E2E_SLOW'] ?? '').split(',').filter((name) => name !== '');

export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ['**/*.test.ts', ...slow.map((name) => `**/${name}.slow.ts`)],
    globalSetup: 'setup.ts',
    // One after the other: they share one node, and the load of one must not disturb what another counts.
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 900_000, // in some, a server of others' is built
    reporters: ['verbose'],
  },
});
