import { startServer } from '@org/ml-sdk/testing';
import { defineConfig } from 'vite';

export default defineConfig(async ({ command, isPreview }) => {
  if (command === 'build') return {};
  // ML_API_URL, or a server of this process' own with the iris model. `startServer({ model: './model' })` serves yours.
  const target = process.env['ML_API_URL'] ?? (await startServer()).url;
  const key = process.env['ML_API_KEY'];
  // What is behind /ml, as an Ingress or a backend for frontends is in production. The API key, if there is one, is added here.
  const proxy = {
    '^/ml/': {
      target,
      changeOrigin: true, // an Ingress tells its applications apart by this
      rewrite: (path: string) => path.slice('/ml'.length),
      ...(key !== undefined && { headers: { 'X-API-Key': key } }),
    },
  };
  return isPreview ? { preview: { proxy } } : { server: { proxy } };
});
