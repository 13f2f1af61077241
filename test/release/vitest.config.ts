// A release, rehearsed: needs buildah, mmdebstrap, Go and root.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/release/*.test.ts'],
    // Real builds, on two cores.
    testTimeout: process.env['CUDA'] === '1' ? 3_000_000 : 300_000,
    hookTimeout: process.env['CUDA'] === '1' ? 3_000_000 : 900_000,
  },
});
