// Does the model agree with the one in production, at CHAMPION, on rows that neither was trained with?
import { spawnSync } from 'node:child_process';
import { startServer } from '@org/ml-sdk/testing';

const champion = process.env['CHAMPION'];
if (!champion) throw new Error('CHAMPION is not set: where the model in production is.');
const MIN_AGREEMENT = '0.9';

await using challenger = await startServer({ model: 'model' });
const servers = ['--champion', champion, '--challenger', challenger.url];
const rows = ['--data', 'data/holdout.csv', '--label', 'species'];
const { status } = spawnSync(
  'npx',
  ['ml-sdk', 'compare', ...servers, ...rows, '--min-agreement', MIN_AGREEMENT],
  { stdio: 'inherit' },
);
process.exitCode = status ?? 1; // 2 where they agree too rarely
