// What needs Python 3.11 or newer: `npm run test:models`, other people's models and clients.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: { include: ['test/models/*.test.ts', 'test/clients/*.test.ts'], testTimeout: 600_000 },
});
