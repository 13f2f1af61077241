import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['server/test/**/*.test.ts', 'sdk/test/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: [
      '**/node_modules/**',
      'test/e2e/**',
      'test/image/**',
      'test/models/**',
      'test/clients/**',
      'test/conformance/**',
      'test/browser/**',
      'test/rules/**',
      'test/sources/**',
      'test/site/**',
      'test/release/rehearsal.test.ts',
    ],
    globalSetup: 'test/build-sdk.ts',
    // Most tests wait for a server that they have started: of two cores, Vitest would leave one idle.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // Real servers, real builds: slow machines get time, and tests never measure it.
    testTimeout: 120_000,
    hookTimeout: 600_000,
    expect: { poll: { timeout: 30_000 } },
  },
});
