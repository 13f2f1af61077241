// What needs Python 3.11 or newer: `npm run test:models`, other people's models and clients.
import { defineConfig } from 'vitest/config';

const slow = process.env['MODELS_ALL'] === '1' ? ['test/models/*.slow.ts'] : [];

export default defineConfig({
  test: {
    include: ['test/models/*.test.ts', 'test/clients/*.test.ts', ...slow],
    testTimeout: 600_000,
  },
});
