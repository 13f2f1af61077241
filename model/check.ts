// `npm run model:check`: trains the iris models freshly and compares them with the committed ones.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pythonFor, run } from './python.ts';

const here = import.meta.dirname;
const python = pythonFor(path.join(here, 'requirements.txt'));
const fresh = mkdtempSync(path.join(tmpdir(), 'model-check-'));
try {
  run(python, [path.join(here, 'train.py'), '--out', fresh], 'The training failed.');
  run(
    python,
    [path.join(here, 'compare.py'), here, fresh],
    'Run npm run model:train and commit what it writes, or undo what changed.',
  );
} finally {
  rmSync(fresh, { recursive: true, force: true });
}
