// Writes the dashboard that the chart ships: `npm run chart:dashboard`.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { dashboardJson } from './dashboard.ts';

/** The file that the chart's ConfigMap holds. */
export const dashboardFile = path.resolve(
  import.meta.dirname,
  '../../charts/ml-api/dashboards/ml-api.json',
);

if (import.meta.main) writeFileSync(dashboardFile, dashboardJson());
