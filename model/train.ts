// `npm run model:train`: trains the iris models anew and replaces the committed files.
import path from 'node:path';
import { pythonFor, run } from './python.ts';

const python = pythonFor(path.join(import.meta.dirname, 'requirements.txt'));
run(
  python,
  [path.join(import.meta.dirname, 'train.py'), ...process.argv.slice(2)],
  'See the messages above.',
);
