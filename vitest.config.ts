import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** Of rates, and of what a busy machine does: each has the cores to itself. */
const alone = [
  'server/test/batching.test.ts',
  'server/test/threads.test.ts',
  'server/test/engine.test.ts',
  'server/test/reload.test.ts',
  'server/test/start-and-stop.test.ts',
  'server/test/rate-limit.test.ts',
  'server/test/faults/**/*.test.ts',
  'server/test/properties/**/*.test.ts',
];

export default defineConfig({
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'beside',
          include: ['server/test/**/*.test.ts', 'sdk/test/**/*.test.ts', 'test/**/*.test.ts'],
          exclude: [
            ...alone,
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
          // Most tests wait for a server that they have started: of two cores, Vitest would leave one idle.
          maxWorkers: Math.max(2, availableParallelism() - 1),
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: { name: 'alone', include: alone, maxWorkers: 1, sequence: { groupOrder: 2 } },
      },
    ],
    globalSetup: 'test/build-sdk.ts',
    // Real servers, real builds: slow machines get time, and tests never measure it.
    testTimeout: 120_000,
    hookTimeout: 600_000,
    expect: { poll: { timeout: 30_000 } },
  },
});
