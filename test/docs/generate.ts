// Writes docs/configuration.md from the settings themselves: `npm run docs:generate`.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { configurationPage } from './configuration-page.ts';

writeFileSync(
  path.resolve(import.meta.dirname, '../../docs/configuration.md'),
  configurationPage(),
);
