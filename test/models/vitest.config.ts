// Needs Python 3.11 or newer: `npm run test:models`.
import { defineConfig } from 'vitest/config';

export default defineConfig({ test: { include: ['test/models/*.test.ts'], testTimeout: 600_000 } });
