// Writes the generated pages of docs/ from the code itself: `npm run docs:generate`.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { apiPage } from './api-page.ts';
import { configurationPage } from './configuration-page.ts';
import { metricsPage } from './metrics-page.ts';

const docs = path.resolve(import.meta.dirname, '../../docs');

writeFileSync(path.join(docs, 'api.md'), apiPage());
writeFileSync(path.join(docs, 'configuration.md'), configurationPage());
writeFileSync(path.join(docs, 'metrics.md'), await metricsPage());
