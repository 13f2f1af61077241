// Does the model agree with the one in production, at CHAMPION, on rows that neither was trained with?
import { spawnSync } from 'node:child_process';
import { startServer } from '@org/ml-sdk/testing';

const champion = process.env['CHAMPION'];
if (!champion) {
  console.error(
    'CHAMPION is not set; expected the address of the model in production, such as https://ml.example.com/v1: CHAMPION=… npm run compare.',
  );
  process.exit(2);
}
const MIN_AGREEMENT = '0.9';

await using challenger = await startServer({ model: 'model' });
const servers = ['--champion', champion, '--challenger', challenger.url];
const rows = ['--data', 'data/holdout.csv', '--label', 'species'];
const { status } = spawnSync(
  'npx',
  ['ml-sdk', 'compare', ...servers, ...rows, '--min-agreement', MIN_AGREEMENT],
  { stdio: 'inherit' },
);
process.exitCode = status ?? 3; // 1 where they agree too rarely
