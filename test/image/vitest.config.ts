// Needs the image, podman and root: `npm run image && npm run test:image`.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: { include: ['test/image/*.test.ts'], testTimeout: 120_000, hookTimeout: 120_000 },
});
