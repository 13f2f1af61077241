// The alerts by promtool, which is built first: `npm run test:rules`.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: { root: import.meta.dirname, testTimeout: 120_000, hookTimeout: 1_200_000 },
});
