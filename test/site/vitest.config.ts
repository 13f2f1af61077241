// The documentation as a site: `npm run test:site`. The search is tried in Chromium.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: { include: ['test/site/*.test.ts'], testTimeout: 120_000, hookTimeout: 300_000 },
});
