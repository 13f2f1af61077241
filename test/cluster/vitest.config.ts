// What needs root and no cluster: `npm run test:cluster`.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ['lifecycle.slow.ts'],
    testTimeout: 600_000,
    reporters: ['verbose'],
  },
});
