// A release, rehearsed: needs buildah, mmdebstrap, Go and root.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/release/*.test.ts'],
    // Real builds, on two cores.
    testTimeout: 300_000,
    hookTimeout: 900_000,
  },
});
