// examples/hugging-face: texts are classified by the model in its folder, and by one that comes from the Hub.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { createClient } from '@org/ml-sdk';
import { expect, it, onTestFinished } from 'vitest';
import { createClassifier } from '../../examples/hugging-face/src/classifier.ts';
import { run } from '../../server/test/program.ts';
import { start } from '../../server/test/start.ts';
import { hub } from '../../server/test/stores/hub.ts';
import { blockOf } from '../docs/blocks.ts';
import { runBash } from '../run-program.ts';
import { root } from '../sdk/user-project.ts';
import { example } from './example.ts';

const folder = example('hugging-face');
const tiny = path.join(folder, 'tiny');

async function classifierOf(model: string) {
  const { url } = await start({ MODEL_DIR: model, LOG_LEVEL: 'silent' });
  return createClassifier(pathToFileURL(`${model}/`), createClient({ baseUrl: url }));
}

it('prints what its README shows', async () => {
  const command = blockOf('examples/hugging-face/README.md', 'sh', { text: 'npm install' });
  const { code, stdout, stderr } = await runBash(
    `set -e\n${command.replace('npm install && ', '')}`,
    {
      cwd: folder,
    },
  );
  expect(code, stderr).toBe(0);
  const promised = blockOf('examples/hugging-face/README.md', 'text').trim();
  expect(stdout.replaceAll('\t', '  ').trim().endsWith(promised), stdout).toBe(true);
});

it('classifies a text as it does among longer ones, an empty and a very long one too', async () => {
  const classify = await classifierOf(tiny);
  const texts = ['', 'good', 'it was very, very bad', 'ugly '.repeat(2000), 'GREAT!'];
  const together = await classify(texts);
  expect(together.map(({ label }) => label)).toEqual([
    'NEGATIVE',
    'POSITIVE',
    'NEGATIVE',
    'NEGATIVE',
    'POSITIVE',
  ]);
  for (const [i, text] of texts.entries()) expect(await classify([text])).toEqual([together[i]]);
});

it('classifies by a model that is fetched from the Hub, which says what the classes are', async () => {
  const model = mkdtempSync(path.join(root, '.cache/hub-'));
  onTestFinished(() => rmSync(model, { recursive: true }));
  const text = (name: string) => readFileSync(path.join(tiny, name), 'utf8');
  const files = {
    'config.json': text('config.json'),
    'onnx/model.onnx': readFileSync(path.join(tiny, 'model.onnx')),
    'tokenizer.json': text('tokenizer.json'),
    'tokenizer_config.json': text('tokenizer_config.json'),
  };
  const { env } = await hub({ files });
  const { code, stderr } = await run(['fetch', 'hf://org/model', '--dir', model], {
    HF_ENDPOINT: String(env['HF_ENDPOINT']),
    HOME: String(env['HOME']),
  });
  expect(code, stderr).toBe(0);
  const classify = await classifierOf(model);
  expect(await classify(['I love it'])).toEqual([{ text: 'I love it', label: 'POSITIVE' }]);
});
