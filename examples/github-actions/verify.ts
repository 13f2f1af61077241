// Does the server predict with this model what the trainer's own framework did?
import { spawnSync } from 'node:child_process';
import { startServer } from '@org/ml-sdk/testing';

await using candidate = await startServer({ model: 'model' });
const { status } = spawnSync(
  'npx',
  ['ml-api', 'verify', '--target', `candidate=${candidate.url}`, '--golden', 'model/golden.json'],
  { stdio: 'inherit' },
);
process.exitCode = status ?? 3; // 1 where it did not
