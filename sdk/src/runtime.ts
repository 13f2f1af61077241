// The configuration of the default client, which `import { predict }` uses; client.gen.ts calls this.
import { clientConfig } from './client-config.ts';
import type { CreateClientConfig } from './generated/client.gen.js';

export const createClientConfig: CreateClientConfig = (config) => ({
  ...config,
  ...clientConfig(),
});
